# test.sh - the tests, as steps: each is one line on the screen and one file in build/log.
# Sourced by dev.

SUITES=(source unit clang fuzz e2e)
UNIT_PRESETS=(debug asan tsan)
E2E_PRESETS=(release asan tsan)
E2E_FILES_AT_ONCE=$((2 * $(nproc))) # they mostly wait
STEP_SECONDS=600            # a step that takes longer has hung
LOG_LINES=200               # of a failed step, shown

cmd_test() {
    local suites=() presets=() files=() suite
    while [ $# -gt 0 ]; do
        case $1 in
            --preset) [ $# -gt 1 ] || die "--preset needs a name"; presets+=("$2"); shift ;;
            source | unit | clang | fuzz | e2e) suites+=("$1") ;;
            *.test.mjs) [ -f "$1" ] || die "there is no file '$1'"; files+=("$1") ;;
            *) die "there is no suite '$1'; there are: ${SUITES[*]}" ;;
        esac
        shift
    done
    [ ${#suites[@]} -gt 0 ] || suites=("${SUITES[@]}")
    [ ${#files[@]} -eq 0 ] || suites=(e2e)
    need_for_suites "${suites[@]}"
    passed=0 failed=()
    mkdir -p build/log
    for suite in "${suites[@]}"; do
        "suite_$suite"
    done
    summary
}

need_for_suites() {
    local groups=(build check) suite
    for suite in "$@"; do
        case $suite in
            unit) groups+=(pages) ;;
            fuzz | e2e) groups+=("$suite") ;;
        esac
    done
    need "${groups[@]}"
}

suite_source() {
    step "layers: the check finds what it should" tests/check_layers --self-test
    step "layers: no include points upwards" tests/check_layers src
    step "headers compile alone" tests/check_headers
    step "lock files name no registry" lock_files_name_no_registry
}

suite_unit() {
    local preset
    step "unit tests, pages" pages_unit_tests
    for preset in "${presets[@]:-${UNIT_PRESETS[@]}}"; do
        step "unit tests, $preset" unit_tests "$preset"
    done
}

suite_clang() {
    step "clang compiles without a warning" build_preset clang
}

suite_fuzz() {
    step "fuzz corpus replayed" replay_corpus
    step "each fuzz target for a moment" fuzz_briefly
}

suite_e2e() {
    local preset
    [ ${#files[@]} -gt 0 ] || mapfile -t files < <(find tests/e2e -name '*.test.mjs' 2>/dev/null | sort)
    if [ ${#files[@]} -eq 0 ]; then
        say "no end-to-end tests: tests/e2e has no *.test.mjs"
        return
    fi
    for preset in "${presets[@]:-${E2E_PRESETS[@]}}"; do
        step "end-to-end tests, $preset" end_to_end_tests "$preset" "${files[@]}"
    done
}

# npm writes where it fetched a package from, unless .npmrc says omit-lockfile-registry-resolved.
lock_files_name_no_registry() {
    ! find . -name node_modules -prune -o -name package-lock.json -print0 |
        xargs -0 grep -n -e '"resolved"' -e '://registry'
}

unit_tests() {
    build_preset "$1"
    under_sanitizer "$1" ctest --preset "$1" --parallel "$(nproc)"
}

pages_unit_tests() {
    (cd web && npm test --silent)
}

# The tests read which server to start from MILLRACE_BIN, and from MILLRACE_PRESET whether it
# is one that a sanitizer makes slow.
end_to_end_tests() {
    local preset=$1
    shift
    build_preset "$preset"
    under_sanitizer "$preset" env MILLRACE_BIN="$PWD/build/$preset/millrace" MILLRACE_PRESET="$preset" \
        node --test --test-concurrency="$E2E_FILES_AT_ONCE" --test-reporter=spec "$@"
}

# under_sanitizer PRESET COMMAND...: a report fails the step even if the test that provoked it
# did not notice, for instance a leak seen at the server's exit.
under_sanitizer() {
    local preset=$1 reports=$PWD/build/log/reports-$1 status=0 run=()
    shift
    rm -rf "$reports"
    mkdir -p "$reports"
    # gcc's ThreadSanitizer cannot map its shadow where the kernel randomises more than it expects.
    if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
        run=(setarch -R)
    fi
    ASAN_OPTIONS="log_path=$reports/asan:detect_stack_use_after_return=1" \
    UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1" \
    TSAN_OPTIONS="log_path=$reports/tsan:halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp" \
        "${run[@]}" "$@" || status=$?
    if [ -n "$(ls -A "$reports")" ]; then
        cat "$reports"/*
        status=1
    fi
    return $status
}

# step TITLE COMMAND...: run it, keep what it says, tell how it went.
step() {
    local title=$1 log began=$SECONDS status=0          # status: set by limited
    log=build/log/$(tr -cs 'a-z0-9\n' '-' <<<"$title").log
    shift
    printf '%-46s' "$title"
    limited "$log" "$@"
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        say "ok      $((SECONDS - began)) s"
        return
    fi
    failed+=("$title")
    say "FAILED  $((SECONDS - began)) s"
    tail -n "$LOG_LINES" "$log" | sed 's/^/    | /'
    say "    the whole of it: $log"
}

# limited LOG COMMAND...: in a process group of its own, so that nothing it started outlives it.
# Sets `status` instead of returning it: a caller's `||` would switch off set -e in the command.
limited() {
    local log=$1 pid until=$((SECONDS + STEP_SECONDS))
    shift
    set -m
    (set -e; "$@") >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    trap 'kill -TERM -- "-$pid" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        if [ $SECONDS -ge $until ]; then
            say "ended after $STEP_SECONDS seconds" >>"$log"
            kill -KILL -- "-$pid" 2>/dev/null || true
        fi
        sleep 0.1
    done
    wait "$pid" || status=$?
    kill -KILL -- "-$pid" 2>/dev/null || true
    trap - INT TERM
}

summary() {
    local title
    say ""
    for title in "${failed[@]}"; do
        say "failed: $title"
    done
    say "$passed passed, ${#failed[@]} failed"
    [ ${#failed[@]} -eq 0 ]
}
