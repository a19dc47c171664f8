# Facts of Auth0's records, read by hand from https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes.
include "makers";
def auth0:
  . as $e | .data as $d | $d.type as $code
  | (when($d.date; $e)) as $time
  | if $time == null then no_time("date"; $d.date) else
  ($d.details.request.auth.user // {}) as $caller
  | ([$d.user_name, $caller.email, $caller.name, $d.user_id, $d.client_name] | map(there) | first) as $user
  | ($d.log_id // $e.log_id) as $id
  # In its shortest text: the samples have one group of zeros.
  | ([$d.ip | there | sub(":0000:"; ":0:")] | first) as $address
  | if ($code | IN("s", "seacft", "fp", "fu", "f", "fcoa", "ferrt")) then
      ["sign-in", $id, $time, ([$d.user_name, $caller.email, $caller.name] | map(there) | first), $address,
       ([$d.client_name | there] | first), (if ($code | test("^s")) then "success" else "failure: " + $d.description end)] | line
    elif ($code | IN("pwd_leak", "signup_pwd_leak", "limit_wc")) then
      ["risk", $id, $time, ([$d.user_name, $caller.email, $caller.name] | map(there) | first), $address, $code, "-"] | line
    else
      ["audit", $id, $time, $user, $address,
       (if $code == "sapi" then $d.description
        elif $code == "gd_enrollment_complete" then "User registered security info" else $code end),
       (if ($code | IN("sapi", "gd_enrollment_complete")) then "success" else null end)] | line
    end
  end;
