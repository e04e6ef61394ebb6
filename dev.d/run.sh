# run.sh - build the server, run it, show it something.
# Sourced by dev.

RTMP_PORT=1935
HTTP_PORT=8000
READY_SECONDS=10

cmd_build() {
    local preset=${1:-release}
    case $preset in
        release | debug | asan | tsan | clang | fuzz) ;;
        *) die "there is no preset '$preset'" ;;
    esac
    need_for_preset "$preset"
    build_preset "$preset"
    say "Built in build/$preset."
}

need_for_preset() {
    case $1 in
        release) need build ;;
        fuzz) need build fuzz ;;
        *) need build check ;;
    esac
}

# Configuring twice costs a second and notices a changed preset; Ninja does the rest.
build_preset() {
    local output
    output=$(cmake --preset "$1" 2>&1) || { say "$output"; return 1; }
    cmake --build --preset "$1" --parallel "$(nproc)"
}

cmd_run() {
    need build
    build_preset release
    print_urls STREAM
    exec build/release/millrace "$@"
}

# With the default configuration; a port that an option changes is the reader's to replace.
print_urls() {
    local host
    host=$(hostname -I 2>/dev/null | awk '{ print $1 }') || true
    host=${host:-127.0.0.1}
    cat <<END

  publish  rtmp://$host:$RTMP_PORT/live/$1
  watch    rtmp://$host:$RTMP_PORT/live/$1
           http://$host:$HTTP_PORT/live/$1.flv
           ws://$host:$HTTP_PORT/live/$1.flv

END
}

cmd_demo() {
    need build demo
    build_preset release
    demo_server='' demo_publisher=''
    trap demo_stop EXIT
    trap 'exit 0' INT TERM
    build/release/millrace "$@" &
    demo_server=$!
    wait_for_port "$RTMP_PORT" "$demo_server" || die "the server does not answer on port $RTMP_PORT"
    publish_test_picture "rtmp://127.0.0.1:$RTMP_PORT/live/demo" &
    demo_publisher=$!
    print_urls demo
    say "Ctrl-C ends both."
    wait -n "$demo_server" "$demo_publisher" || true
    kill -0 "$demo_server" 2>/dev/null || die "the server has ended"
    die "ffmpeg has ended"
}

# wait_for_port PORT PID: until someone listens, while the process lives, for READY_SECONDS.
wait_for_port() {
    local until=$((SECONDS + READY_SECONDS))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$2" 2>/dev/null && [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

publish_test_picture() {
    exec ffmpeg -nostdin -hide_banner -loglevel warning \
        -re -f lavfi -i testsrc2=size=1280x720:rate=30 \
        -re -f lavfi -i sine=frequency=440:beep_factor=4:sample_rate=48000 \
        -c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline -pix_fmt yuv420p \
        -b:v 2500k -maxrate 2500k -bufsize 2500k -g 60 -keyint_min 60 \
        -c:a aac -b:a 128k -ac 2 -f flv "$1"
}

demo_stop() {
    trap - EXIT INT TERM
    stop_process "$demo_publisher"
    stop_process "$demo_server"
}

# stop_process PID: ask; after five seconds, insist.
stop_process() {
    local tries=0
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null; do
        [ $((tries += 1)) -le 50 ] || kill -KILL "$1" 2>/dev/null || true
        sleep 0.1
    done
}

cmd_bench() {
    [ -x bench/run ] || die "there is no benchmark yet (bench/run)"
    need build demo
    build_preset release
    exec bench/run "$@"
}
