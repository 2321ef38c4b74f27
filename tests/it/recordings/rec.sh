#!/bin/sh
# The program of the edge cases: rec RUNNER METHOD INPUT OUTPUT from py>, rec WORDS... from sh>. It keeps each call in a
# folder of $RECORD_LOG, numbered in the order of the calls. Parameters that start with do_ say what it does.
number=0
until mkdir "$RECORD_LOG/$number" 2>/dev/null; do number=$((number + 1)); done
call=$RECORD_LOG/$number
env -0 > "$call/env"
basename "$PWD" > "$call/cwd"
case $4 in
    */output.json) ;;
    *)
        printf '%s' "$*" > "$call/method"
        exit 0
        ;;
esac
printf '%s' "$2" > "$call/method"
cp "$3" "$call/input"

# Prints the JSON value of a parameter.
parameter() {
    awk -v key="$1" '
        { text = $0; start = index(text, "\"" key "\":") }
        start {
            text = substr(text, start + length(key) + 3)
            for (i = 1; i <= length(text); i++) {
                c = substr(text, i, 1)
                if (quoted) {
                    if (c == "\\") { value = value c; i++; c = substr(text, i, 1) } else if (c == "\"") quoted = 0
                    value = value c
                    if (!quoted && !depth) break
                    continue
                }
                if (!depth && (c == "," || c == "}")) break
                if (c == "\"") quoted = 1
                if (c == "{" || c == "[") depth++
                if (c == "}" || c == "]") depth--
                value = value c
                if (!depth && (c == "}" || c == "]")) break
            }
            print value
        }' "$call/input"
}

[ -z "$(parameter do_sleep)" ] || sleep 0.3
status=$(parameter do_exit)
times=$(parameter do_fail_times)
if [ -n "$times" ]; then
    task=$(parameter task_name | tr -d '"/')
    echo fail >> "$RECORD_LOG.$task"
    status=0
    [ "$(wc -l < "$RECORD_LOG.$task")" -gt "$times" ] || status=1
fi
store=$(parameter do_store)
error=$(parameter do_error)
[ -z "$error" ] || error=", \"error\": {\"class\": \"E\", \"message\": $error, \"backtrace\": []}"
printf '{"subtask_config": {}, "export_params": {}, "store_params": %s%s}' "${store:-{\}}" "$error" > "$4"
exit "${status:-0}"
