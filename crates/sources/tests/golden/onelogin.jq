# Facts of OneLogin's records, read by hand from https://developers.onelogin.com/api-docs/1/events/event-resource.
include "makers";
def onelogin:
  . as $e | ($e.event_type_id | tonumber) as $number
  | (when($e.created_at; $e)) as $time
  | if $time == null then no_time("created_at"; $e.created_at) else
  if ($number | IN(5, 6, 8, 90)) then
    ["sign-in", $e.id, $time, $e.user_name, $e.ipaddr, $e.app_name,
     (if ($number | IN(5, 8)) then "success" else "failure: -" end)] | line
  else error end end;
