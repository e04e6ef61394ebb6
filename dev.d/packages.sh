# packages.sh - what each part of the work needs, and how it gets there.
# Sourced by dev.

declare -A PACKAGES=(
    # node-llhttp carries llhttp's C sources; that Node itself comes along is Debian's dependency.
    [build]="gcc libc6-dev cmake ninja-build pkg-config
             libuv1-dev liburing-dev libwslay-dev libjansson-dev libsqlite3-dev libssl-dev libnghttp2-dev
             node-llhttp"
    [run]="openssl"
    [demo]="ffmpeg"
    # Servers to compare with; Node runs another, and the comparison.
    [bench]="ffmpeg nginx libnginx-mod-rtmp"
    [check]="clang libclang-rt-14-dev libcmocka-dev"
    [e2e]="ffmpeg flvmeta sqlite3 rtmpdump curl openssl sslscan
           gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
           gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
           vlc-bin vlc-plugin-base chromium nghttp2-client diffutils"
    [lint]="clang clang-tidy cppcheck libcmocka-dev"
    [fuzz]="clang libclang-rt-14-dev llvm"
)
NODE_MAJOR_MIN=18

cmd_deps() {
    [ $# -gt 0 ] || set -- build run demo bench check e2e lint fuzz
    local group
    for group in "$@"; do
        [ -n "${PACKAGES[$group]:-}" ] || die "there is no group '$group' of packages"
    done
    need "$@"
    say "Installed: what $* needs."
}

# need GROUP...: install whatever of these groups is not there yet.
need() {
    local group wanted=() lacking=()
    for group in "$@"; do
        read -r -d '' -a words <<<"${PACKAGES[$group]}" || true
        wanted+=("${words[@]}")
        if [[ $group == @(e2e|bench) ]] && ! node_is_usable; then
            wanted+=(nodejs npm)
        fi
    done
    if ! command -v dpkg-query >/dev/null; then
        say "This is no Debian system, so it must have the like of these: ${wanted[*]}"
        return
    fi
    mapfile -t lacking < <(lacking_packages "${wanted[@]}")
    [ ${#lacking[@]} -eq 0 ] || install_packages "${lacking[@]}"
    [[ " $* " != *" e2e "* ]] || need_npm_packages
}

# Those of the named packages that are not installed, one a line.
lacking_packages() {
    # dpkg-query fails when it does not know one of the names: exactly what we ask.
    { dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } |
        awk -v wanted="$*" '
            $2 == "installed" { have[$1] = 1 }
            END { n = split(wanted, name, " ")
                  for (i = 1; i <= n; i++) if (!have[name[i]]++) print name[i] }'
}

install_packages() {
    local log=build/log/apt.log root=()
    if [ "$EUID" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "run ./dev deps as root once, or install sudo; these packages are lacking: $*"
        root=(sudo)
    fi
    mkdir -p build/log
    say "Installing these Debian packages (what apt-get says goes to $log): $*"
    { "${root[@]}" apt-get update -q && "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        die "apt-get failed"
    }
}

# Any Node that is new enough will do; Debian's is installed only where there is none.
node_is_usable() {
    local version
    command -v npm >/dev/null && version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge "$NODE_MAJOR_MIN" ]
}

# The packages of tests/package.json, exactly as the lock file has them.  The copy of the lock
# file beside them tells whether they are the ones it asks for.
need_npm_packages() {
    local stamp=tests/node_modules/.installed-lock.json
    cmp -s tests/package-lock.json "$stamp" && return
    say "Installing the npm packages of tests/package-lock.json"
    (cd tests && npm ci --no-audit --no-fund --no-update-notifier)
    cp tests/package-lock.json "$stamp"
}
