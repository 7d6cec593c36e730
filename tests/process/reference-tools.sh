#!/bin/bash
# qbitrr-tools.sh - Utility script for qBitrr API

QBITRR_URL="${QBITRR_URL:-http://localhost:6969}"
QBITRR_TOKEN="${QBITRR_TOKEN:-}"

# Helper function for API calls
api_call() {
    local method=$1
    local path=$2
    local data=$3

    local auth_header=""
    if [ -n "$QBITRR_TOKEN" ]; then
        auth_header="-H 'Authorization: Bearer $QBITRR_TOKEN'"
    fi

    if [ "$method" = "GET" ]; then
        curl -s $auth_header "$QBITRR_URL$path"
    else
        curl -s -X "$method" $auth_header \
            -H "Content-Type: application/json" \
            -d "$data" "$QBITRR_URL$path"
    fi
}

# Check status
status() {
    api_call GET "/web/status" | jq -r '.ready'
}

# List missing movies
missing_movies() {
    local category=${1:-radarr-4k}
    api_call GET "/web/radarr/$category/movies?has_file=false&monitored=true" \
        | jq -r '.movies[] | "\(.title) (\(.year))"'
}

# Check for updates
check_updates() {
    local meta=$(api_call GET "/web/meta?force=true")
    local current=$(echo "$meta" | jq -r '.current_version')
    local latest=$(echo "$meta" | jq -r '.latest_version')

    echo "Current: $current"
    echo "Latest: $latest"

    if [ "$current" != "$latest" ]; then
        echo "Update available!"
        return 0
    else
        echo "Up to date"
        return 1
    fi
}

# Trigger update
update() {
    echo "Triggering update..."
    api_call POST "/web/update" | jq -r '.message'
}

# Tail logs
tail_logs() {
    local log_name=${1:-Main.log}
    local offset=0

    while true; do
        local response=$(api_call GET "/web/logs/$log_name?offset=$offset&limit=100")
        local lines=$(echo "$response" | jq -r '.lines')

        if [ "$lines" -gt 0 ]; then
            echo "$response" | jq -r '.content'
            offset=$((offset + lines))
        fi

        sleep 2
    done
}

# Main command dispatcher
case "${1:-}" in
    status)
        status
        ;;
    missing)
        missing_movies "$2"
        ;;
    check-updates)
        check_updates
        ;;
    update)
        update
        ;;
    tail)
        tail_logs "$2"
        ;;
    *)
        echo "Usage: $0 {status|missing|check-updates|update|tail}"
        echo ""
        echo "Commands:"
        echo "  status              - Check backend status"
        echo "  missing [category]  - List missing movies"
        echo "  check-updates       - Check for qBitrr updates"
        echo "  update              - Trigger update"
        echo "  tail [log]          - Tail log file"
        exit 1
        ;;
esac
