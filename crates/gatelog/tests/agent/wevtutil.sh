#!/bin/sh
# Stands in for `wevtutil query-events`: beside it, `events` has an event a line, its number before it; what is in `fault` is said instead.
here=$(dirname "$0")
[ "$1 $6 $7" = "query-events /format:xml /unicode:true" ] || exit 87
if [ -s "$here/fault" ]; then
    cat "$here/fault" >&2
    exit 5
fi
query=${3#/query:}
order=cat
[ "$4" = /reversedirection:true ] && order=tac
same=$(printf %s "$query" | sed -n 's/.*EventRecordID=\([0-9]*\).*/\1/p')
after=$(printf %s "$query" | sed -n 's/.*EventRecordID>\([0-9]*\).*/\1/p')
"$order" "$here/events" | awk -v all="$([ "$query" = "*" ] && echo 1 || echo 0)" \
    -v same="${same:--1}" -v after="${after:-99999999}" -v most="${5#/count:}" '
    told < most + 0 && (all || $1 + 0 == same + 0 || $1 + 0 > after + 0) { sub(/^[0-9]+ /, ""); print; told++ }'
