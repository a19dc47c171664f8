# Facts of OneLogin's records, read by hand from https://developers.onelogin.com/api-docs/1/events/event-resource; what was done
# from https://developers.onelogin.com/api-docs/1/events/event-types.
include "makers";
def onelogin:
  . as $e | ($e.event_type_id | tonumber) as $number
  | (when($e.created_at; $e)) as $time
  | if $time == null then no_time("created_at"; $e.created_at) else
  if ($number | IN(5, 6, 8, 90)) then
    ["sign-in", $e.id, $time, $e.user_name, $e.ipaddr, $e.app_name,
     (if ($number | IN(5, 8)) then "success" else "failure: -" end)] | line
  else
    ($e.actor_user_id != null and $e.actor_user_id == $e.user_id) as $own
    | ({
        "1": "APP_ADDED_TO_ROLE", "2": "APP_REMOVED_FROM_ROLE", "3": "USER_ASSUMED_USER", "4": "Add member to role",
        "11": (if $own then "Change user password" else "Reset user password" end), "12": "Unlock user account",
        "13": "Add user", "15": "Disable account", "16": "Enable account", "17": "Delete user", "19": "USER_LOCKED",
        "24": (if $own then "User" else "Admin" end + " deleted security info"), "72": "Add member to role",
        "172": (if $own then "User" else "Admin" end + " deleted security info")
      }[$number | tostring]) as $activity
    | ["audit", $e.id, $time, ($e.actor_user_name // $e.actor_user_id), $e.ipaddr, ($activity // "event type \($number)"),
       (if $activity then "success" else null end)] | line
  end end;
