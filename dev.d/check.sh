# check.sh - looking for faults beyond the tests: linters and fuzzing.
# Sourced by dev.

cmd_lint() {
    need build lint
    passed=0 failed=()
    mkdir -p build/log
    step "text rules" tests/check_text
    step "clang-tidy" clang_tidy
    step "cppcheck" cpp_check
    summary
}

# One file at a time: its va_list checker keeps state from one file to the next, and errs.
clang_tidy() {
    cmake --preset clang
    find src -name '*.c' -print0 |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/clang --quiet
}

cpp_check() {
    cppcheck --quiet --std=c11 --language=c -j "$(nproc)" --inline-suppr --error-exitcode=1 \
        --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=funcArgOrderDifferent \
        -D_GNU_SOURCE -DMILLRACE_VERSION='""' -DMILLRACE_HAVE_URING=1 -I src src
}

fuzz_targets() {
    find tests/fuzz -name '*_fuzz.c' -printf '%f\n' | sed 's/_fuzz\.c$//' | sort
}

# New inputs gather in build/fuzz-corpus; tests/fuzz/corpus keeps the few that are worth a commit.
cmd_fuzz() {
    local name seconds=${2:-60} names=()
    mapfile -t names < <(fuzz_targets)
    if [ $# -gt 0 ]; then
        [ -f "tests/fuzz/$1_fuzz.c" ] || die "there is no target '$1'; there are: ${names[*]}"
        names=("$1")
    fi
    [ ${#names[@]} -gt 0 ] || die "tests/fuzz has no targets"
    need build fuzz
    build_preset fuzz
    for name in "${names[@]}"; do
        fuzz_one "$name" "$seconds"
    done
}

fuzz_one() {
    local found=build/fuzz-corpus/$1 inputs=()
    mkdir -p "$found" build/fuzz-failures
    mapfile -t inputs < <(find "tests/fuzz/corpus/$1" "tests/fuzz/regression/$1" -maxdepth 0 2>/dev/null)
    say "Fuzzing $1 for $2 seconds"
    "build/fuzz/tests/fuzz/$1_fuzz" -max_total_time="$2" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="build/fuzz-failures/$1-" "$found" "${inputs[@]}" ||
        die "$1 failed; its input is in build/fuzz-failures and belongs in tests/fuzz/regression/$1"
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
