# run.sh - build the server, run it, show it something.
# Sourced by dev.

RTMP_PORT=1935
HTTP_PORT=8000
RTMPS_PORT=1936
HTTPS_PORT=8443
TLS_FOLDER=build/tls
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
    [[ $1 == @(fuzz|afl) ]] || build_pages
    output=$(cmake --preset "$1" 2>&1) || { say "$output"; return 1; }
    cmake --build --preset "$1" --parallel "$(nproc)"
}

cmd_run() {
    need build run
    build_preset release
    prepare_tls "$@"
    print_urls STREAM
    exec build/release/millrace "${tls_settings[@]}" "$@"
}

# prepare_tls OPTION...: sets tls_settings, for ports that speak TLS with a certificate of this
# machine's own.  A configuration file says for itself what it wants.
prepare_tls() {
    local option
    tls_settings=()
    for option in "$@"; do
        [[ $option != -c* && $option != --conf* ]] || return 0
    done
    has_certificate || make_certificate
    tls_settings=(--rtmps-port "$RTMPS_PORT" --https-port "$HTTPS_PORT")
    for option in rtmps https; do
        tls_settings+=(--set "$option.cert=$TLS_FOLDER/cert.pem" --set "$option.key=$TLS_FOLDER/key.pem")
    done
}

# One that is good for another day.
has_certificate() {
    [ -f "$TLS_FOLDER/key.pem" ] && openssl x509 -in "$TLS_FOLDER/cert.pem" -noout -checkend 86400 >/dev/null 2>&1
}

# Signed by itself: good for trying, and for clients that are told not to check.
make_certificate() {
    local address names="DNS:localhost,DNS:$(uname -n),IP:127.0.0.1,IP:::1"
    for address in $(hostname -I 2>/dev/null || true); do
        names+=",IP:$address"
    done
    mkdir -p "$TLS_FOLDER"
    (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
            -addext "subjectAltName=$names" -keyout "$TLS_FOLDER/key.pem" -out "$TLS_FOLDER/cert.pem" 2>/dev/null
    ) || die "openssl could not make a certificate"
    say "Made a certificate in $TLS_FOLDER, signed by itself: clients must be told to accept it."
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
    [ ${#tls_settings[@]} -eq 0 ] || cat <<END
  TLS      rtmps://$host:$RTMPS_PORT/live/$1
           https://$host:$HTTPS_PORT/live/$1.flv
           wss://$host:$HTTPS_PORT/live/$1.flv
END
    say ""
}

cmd_demo() {
    need build run demo
    build_preset release
    prepare_tls "$@"
    demo_server='' demo_publisher=''
    trap demo_stop EXIT
    trap 'exit 0' INT TERM
    build/release/millrace "${tls_settings[@]}" "$@" &
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
    need build run bench
    build_preset release
    exec bench/run "$@"
}
