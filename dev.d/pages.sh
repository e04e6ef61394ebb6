# pages.sh - the pages of web/: built once into build/web, from where CMake takes them.
# Sourced by dev.

PAGES=build/web

cmd_pages() {
    need pages
    build_pages
    say "The pages are in $PAGES."
}

# What they are made of.
pages_digest() {
    find web -name node_modules -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
}

pages_are_built() {
    [ -f "$PAGES/pages.inc" ] && [ "$(pages_digest)" = "$(cat "$PAGES/.digest" 2>/dev/null)" ]
}

build_pages() {
    local output
    pages_are_built && return
    say "Building the pages of web/"
    output=$(cd web && npm run --silent build 2>&1) || { say "$output"; return 1; }
    pages_digest >"$PAGES/.digest"
}
