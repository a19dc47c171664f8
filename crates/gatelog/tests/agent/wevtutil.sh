#!/bin/sh
# Stands in for `wevtutil query-events`: beside it, `events` has an event a line, its number and its event id before it; what is in `fault`
# is said instead. What is asked is written into `asked`; after a question, events that are in `then` are written.
here=$(dirname "$0")
[ "$1 $6 $7" = "query-events /format:xml /unicode:true" ] || exit 87
echo "$3 $4 $5" >> "$here/asked"
if [ -s "$here/fault" ]; then
    cat "$here/fault" >&2
    exit 5
fi
# The query as a condition of awk.
condition=$(printf %s "${3#/query:}" | sed -e 's/^\*$/1/' -e 's/^\*\[System\[\(.*\)\]\]$/\1/' -e 's/EventRecordID/number/g' \
    -e 's/EventID/id/g' -e 's/\([a-z]\)=/\1==/g' -e 's/ and / \&\& /g' -e 's/ or / || /g')
order=cat
[ "$4" = /reversedirection:true ] && order=tac
"$order" "$here/events" | awk -v most="${5#/count:}" \
    "{ number = \$1 + 0; id = \$2 + 0 } told < most + 0 && ($condition) { sub(/^[0-9]+ [0-9]+ /, \"\"); print; told++ }"
if [ -s "$here/then" ]; then
    cat "$here/then" >> "$here/events"
    rm "$here/then"
fi
