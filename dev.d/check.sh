# check.sh - looking for faults beyond the tests: linters and fuzzing.
# Sourced by dev.

cmd_lint() {
    need build lint
    passed=0 failed=()
    mkdir -p build/log
    step "text rules" tests/check_text
    step "cppcheck" cpp_check
    step "clang-tidy" clang_tidy
    step "scan-build" scan_build
    step "gcc's analyzer" gcc_analyzer
    summary
}

# One file at a time: its va_list checker keeps state from one file to the next, and errs.
clang_tidy() {
    build_pages
    cmake --preset clang
    find src -name '*.c' -print0 |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/clang --quiet
}

cpp_check() {
    cppcheck --quiet --std=c11 --language=c -j "$(nproc)" --inline-suppr --error-exitcode=1 \
        --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=funcArgOrderDifferent \
        -D_GNU_SOURCE -DMILLRACE_VERSION='""' -DMILLRACE_HAVE_URING=1 -DMILLRACE_HAVE_SECCOMP=1 \
        --include=tests/cppcheck.h -I src src
}

# The engine of clang-tidy's clang-analyzer checks, over the program as a whole; what is off is off there.
scan_build() {
    rm -rf build/scan
    scan-build --status-bugs -o build/log/scan -disable-checker unix.Malloc \
        -disable-checker security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
        cmake -S . -B build/scan -G Ninja -DCMAKE_BUILD_TYPE=Debug -DMILLRACE_BENCH=OFF -DMILLRACE_PAGES=OFF
    scan-build --status-bugs -o build/log/scan -disable-checker unix.Malloc \
        -disable-checker security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
        cmake --build build/scan --target millrace --parallel "$(nproc)"
}

gcc_analyzer() {
    cmake -S . -B build/analyzer -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1" \
        -DMILLRACE_BENCH=OFF -DMILLRACE_PAGES=OFF -DMILLRACE_ANALYZE=ON
    cmake --build build/analyzer --target millrace --parallel "$(nproc)"
}

fuzz_targets() {
    find tests/fuzz -name '*_fuzz.c' -printf '%f\n' | sed 's/_fuzz\.c$//' | sort
}

# New inputs gather in build/fuzz-corpus; tests/fuzz/corpus keeps the few that are worth a commit.
cmd_fuzz() {
    local name seconds engine=fuzz names=()
    mapfile -t names < <(fuzz_targets)
    if [ "${1:-}" = list ]; then
        printf '%s\n' "${names[@]}"
        return
    fi
    if [ "${1:-}" = --afl ]; then
        engine=afl
        shift
    fi
    seconds=$(awk -v minutes="${2:-1}" 'BEGIN { print int(60 * minutes) }')
    if [ $# -gt 0 ]; then
        [[ " ${names[*]} " == *" $1 "* ]] || die "there is no target '$1'; there are: ${names[*]}"
        names=("$1")
    fi
    [ "$seconds" -gt 0 ] || die "how many minutes?"
    need build fuzz
    [ "$engine" = fuzz ] || need afl
    build_preset "$engine"
    for name in "${names[@]}"; do
        say "Fuzzing $name for $seconds seconds"
        "${engine}_one" "$name" "$seconds" ||
            die "$name failed; its input is in build/$engine-failures and belongs in tests/fuzz/regression/$name"
    done
}

# The words that a target's inputs are made of.
dictionary_of() {
    case $1 in
        amf | rtmp_*) echo rtmp ;;
        http* | url | proxy | websocket) echo http ;;
        config) echo config ;;
        *) echo media ;;
    esac
}

# The folders of a target's inputs that are committed.
inputs_of() {
    find "tests/fuzz/corpus/$1" "tests/fuzz/regression/$1" -maxdepth 0 2>/dev/null
}

# fuzz_one NAME SECONDS [OPTION...]: with libFuzzer.
fuzz_one() {
    local name=$1 seconds=$2 inputs=()
    shift 2
    mapfile -t inputs < <(inputs_of "$name")
    mkdir -p "build/fuzz-corpus/$name" build/fuzz-failures
    "build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -max_len=16384 -print_final_stats=1 \
        -dict="tests/fuzz/dictionary/$(dictionary_of "$name").dict" -artifact_prefix="build/fuzz-failures/$name-" \
        "$@" "build/fuzz-corpus/$name" "${inputs[@]}"
}

# afl_one NAME SECONDS: with AFL++, from the same inputs.
afl_one() {
    local seeds=build/afl-seeds/$1 found=build/afl-corpus/$1 failures
    rm -rf "$seeds"
    mkdir -p "$seeds" build/afl-corpus build/afl-failures
    inputs_of "$1" | xargs -r -I{} find {} -type f -exec cp -t "$seeds" {} +
    [ -n "$(ls -A "$seeds")" ] || echo >"$seeds/empty"
    AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_NO_AFFINITY=1 \
        afl-fuzz -m none -t 10000 -V "$2" -i "$seeds" -o "$found" \
        -x "tests/fuzz/dictionary/$(dictionary_of "$1").dict" -- "build/afl/tests/fuzz/${1}_fuzz"
    failures=$(find "$found/default/crashes" "$found/default/hangs" -name 'id*')
    [ -z "$failures" ] || { xargs -I{} cp {} build/afl-failures <<<"$failures"; return 1; }
}

# Each committed input once, through the target it belongs to.
replay_corpus() {
    local name inputs=()
    build_preset fuzz
    for name in $(fuzz_targets); do
        mapfile -t inputs < <(find "tests/fuzz/corpus/$name" "tests/fuzz/regression/$name" -type f 2>/dev/null)
        say "$name: ${#inputs[@]} inputs"
        [ ${#inputs[@]} -eq 0 ] || "build/fuzz/tests/fuzz/${name}_fuzz" -timeout=10 "${inputs[@]}"
    done
}

# Each target for a moment, those of whole sessions for a longer one, as many at a time as there are
# cores: new inputs every time.
fuzz_briefly() {
    local name running=0
    for name in $(fuzz_targets); do
        [ $running -lt "$(nproc)" ] || { wait -n; running=$((running - 1)); }
        fuzz_one "$name" "$([[ $name == *_session ]] && echo 4 || echo 1)" &
        running=$((running + 1))
    done
    while [ $running -gt 0 ]; do
        wait -n
        running=$((running - 1))
    done
}

# Programs that take minutes, and say at their end what was kept of what they promise.
cmd_soak() {
    long_program soak "$@"
}

cmd_slow() {
    long_program slow_viewers "$@"
}

long_program() {
    need build e2e
    build_preset release
    exec node "tests/long/$1.mjs" "${@:2}"
}
