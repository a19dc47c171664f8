# Facts of Google Workspace's records, read by hand from
# https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list and the appendix of events.
include "makers";
def activity: {
  CREATE_USER: "Add user", ASSIGN_ROLE: "Add member to role", add_member: "Add member to group",
  "2sv_enroll": "User registered security info", "2sv_disable": "User deleted security info",
  recovery_email_edit: "User updated security info"
};
def google:
  . as $e
  | if $e.kind != "admin#reports#activity" and ($e.id | type != "object" or .applicationName == null)
    then "rejected\tno format recognises it" else
  (when($e.id.time; $e)) as $time
  | if $time == null then no_time("id.time"; $e.id.time) else
  ($e.name // "" | sub(" +$"; "")) as $name | ($e.id.applicationName) as $app | ($e.parameters // {}) as $p
  | ([$e.ipAddress | there] | first) as $address
  | if ($app | IN("login", "saml")) and ($name | IN("login_success", "login_failure")) then
      ["sign-in", null, $time, $e.actor.email // $p.affected_email_address, $address,
       (if $app == "saml" then $p.application_name else null end),
       (if $name == "login_success" then "success" else "failure: " + ($p.login_failure_type // "-") end)] | line
    elif $app == "login" and ($name | IN("account_disabled_password_leak", "suspicious_login", "gov_attack_warning")) then
      ["risk", null, $time, $p.affected_email_address // $e.actor.email, $address, $name, "-"] | line
    else
      ["audit", null, $time, $e.actor.email // $e.actor.profileId, $address, activity[$name] // ($name | there) // null,
       (if activity[$name] then "success" else null end)] | line
    end
  end end;
