# packages.sh - what each part of the work needs, and how it gets there.
# Sourced by dev.

declare -A PACKAGES=(
    # The pages need npm, where there is none that is new enough, and the packages of web/.
    # node-llhttp carries llhttp's C sources; that Node itself comes along is Debian's dependency.
    [build]="gcc libc6-dev cmake ninja-build pkg-config
             libuv1-dev liburing-dev libwslay-dev libjansson-dev libsqlite3-dev libssl-dev libnghttp2-dev libcurl4-openssl-dev
             libseccomp-dev
             node-llhttp"
    [pages]=""
    [run]="openssl"
    [demo]="ffmpeg"
    # Servers to compare with; Node runs another, and the comparison.
    [bench]="ffmpeg nginx libnginx-mod-rtmp"
    [check]="clang libclang-rt-14-dev libcmocka-dev"
    [e2e]="ffmpeg flvmeta sqlite3 rtmpdump curl openssl sslscan
           gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
           gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
           vlc-bin vlc-plugin-base chromium nghttp2-client diffutils prometheus"
    [lint]="clang clang-tidy clang-tools cppcheck libcmocka-dev"
    [fuzz]="clang libclang-rt-14-dev llvm"
    [afl]="afl++"
)
NODE_MAJOR_MIN=18

cmd_deps() {
    [ $# -gt 0 ] || set -- build pages run demo bench check e2e lint fuzz
    local group
    for group in "$@"; do
        [ -n "${PACKAGES[$group]+it}" ] || die "there is no group '$group' of packages"
    done
    need "$@"
    say "Installed: what $* needs."
}

# need GROUP...: install whatever of these groups is not there yet.  To build is to build the pages
# too, where that was not done.
need() {
    local group wanted=() lacking=()
    [[ " $* " != *" build "* ]] || pages_are_built || set -- "$@" pages
    for group in "$@"; do
        read -r -d '' -a words <<<"${PACKAGES[$group]}" || true
        wanted+=("${words[@]}")
        if [[ $group == @(e2e|pages|bench) ]] && ! node_is_usable; then
            wanted+=(nodejs npm)
        fi
    done
    if command -v dpkg-query >/dev/null; then
        mapfile -t lacking < <(lacking_packages "${wanted[@]}")
        [ ${#lacking[@]} -eq 0 ] || install_packages "${lacking[@]}"
    elif [ ${#wanted[@]} -gt 0 ]; then
        say "This is no Debian system, so it must have the like of these: ${wanted[*]}"
    fi
    [[ " $* " != *" pages "* ]] || need_npm_packages web
    [[ " $* " != *" e2e "* ]] || need_npm_packages tests
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

# need_npm_packages FOLDER: those of its package.json, exactly as the lock file has them.  The copy of
# the lock file beside them tells whether they are the ones it asks for.
need_npm_packages() {
    local stamp=$1/node_modules/.installed-lock.json
    cmp -s "$1/package-lock.json" "$stamp" && return
    say "Installing the npm packages of $1/package-lock.json"
    (cd "$1" && npm ci --no-audit --no-fund --no-update-notifier)
    cp "$1/package-lock.json" "$stamp"
}
