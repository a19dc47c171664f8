# What the programs of the makers have in common. Each prints a line for each record, tab-separated: kind, vendor id, time, user,
# address, application (of a sign-in), activity (of an audit) or event (of a verdict), outcome; `-` stands for nothing. A record that
# must be refused or ignored has one of these words and the reason.
def there: select(. != null and . != "");
# 2024-04-02 19:17:37.621000000, 2020-07-07T15:50:49.617Z; empty for what is no time.
def instant:
  (. // "") | tostring | sub(" "; "T") | sub("Z$"; "")
  | select(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$")) | split(".")
  | .[0] + (if .[1] then "." + (.[1][0:7] | sub("0+$"; "")) else "" end | sub("[.]$"; "")) + "Z";
# When a record happened: the maker's time, else the pipeline's, unless that is when it was parsed.
def when($own; $record):
  [$own | instant]
  + [$record | select(.p_event_time != .p_parse_time) | .p_event_time | instant]
  | first;
def no_time($name; $own):
  if ($own // "") != "" then "rejected\tits `\($name)` is `\($own)`, which is no time that can be read (such as 2017-05-17T12:00:00Z)"
  else "rejected\tit does not say when it happened: it has no `\($name)`; export that too" end;
def line: map(. // "-" | tostring) | join("\t");
