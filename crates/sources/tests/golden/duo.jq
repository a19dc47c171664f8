# Facts of Duo's records, read by hand from https://duo.com/docs/adminapi#authentication-logs and #administrator-logs.
include "makers";
def activity: { user_update: "Update user", integration_create: "Add application" };
def duo:
  . as $e
  | (when($e.isotimestamp; $e)) as $time
  | if $time == null then no_time("isotimestamp"; $e.isotimestamp) else
  (try ($e.description | fromjson) catch null | if type == "object" then . else {} end) as $what
  | ([$what.ip_address | there] | first) as $address
  | if $e.event_type == "authentication" then
      ["sign-in", $e.txid, $time, $e.user.name, $e.access_device.ip, $e.application.name,
       (if $e.result == "success" then "success" else "failure: " + $e.reason end)] | line
    elif ($e.action | IN("admin_login", "admin_2fa_error")) then
      ["sign-in", null, $time, $what.email // $e.username, $address, "Duo Admin Panel",
       (if $e.action == "admin_login" then "success" else "failure: " + $what.error end)] | line
    else
      ["audit", null, $time, $e.username, $address, activity[$e.action] // $e.action,
       (if activity[$e.action] then "success" else null end)] | line
    end
  end;
