# Facts of Okta's records, read by hand from https://developer.okta.com/docs/reference/api/system-log/.
include "makers";
# Log pipelines write names in lower case.
def low: if type == "object" then with_entries(.key |= ascii_downcase) else {} end;
def known: if . == "unknown" then null else . end;
def oktas: .legacyeventtype != null or (.actor | low).alternateid != null or (.published != null and .outcome != null);
def activity($own): {
  "user.account.reset_password": "Reset user password",
  "user.account.privilege.grant": "Add member to role",
  "application.lifecycle.create": "Add application",
  "application.lifecycle.update": "Update application",
  "user.mfa.factor.update": (if $own then "User" else "Admin" end + " updated security info"),
  "user.mfa.factor.deactivate": (if $own then "User" else "Admin" end + " deleted security info"),
  "user.mfa.factor.reset_all": (if $own then "User" else "Admin" end + " deleted security info")
};
def okta:
  low as $row | ($row.eventtype) as $word
  # Rows of queries: columns where a record has objects.
  | (if $row.actor == null and $row.client == null and $row.sourceip != null and $row.result != null
     then $row + {actor: {alternateId: $row.actorid, displayName: $row.actorname, type: "User"},
                  client: {ipAddress: $row.sourceip}, outcome: {result: $row.result}, legacyeventtype: "columns"}
     else $row end) as $e
  | if any(keys[]; startswith("baseline_")) and any(keys[]; startswith("recent_") or startswith("z_score_"))
    then "ignored\tit is a row of statistics that a query made of many events, and no event"
    elif $word == null or ($e | oktas | not) then "rejected\tno format recognises it" else
  (when($e.published; $e)) as $time
  | if $time == null then no_time("published"; $e.published) else
  ($e.actor | low) as $actor | ($e.client | low) as $client | ($e.outcome | low) as $outcome
  | ([($e.target // [])[] | low]) as $targets
  | ([$targets[] | select(.type == "User")] | first // {}) as $person
  | ([$client.ipaddress, ($e.request | low | .ipchain // [] | first | .ip?)] | map(there) | first) as $address
  | if ($word == "user.session.start" or ($word | startswith("user.authentication."))) and $outcome.result != null then
        (if ($outcome.result | IN("SUCCESS", "ALLOW")) then 0 else 1 end) as $code
        | (if $actor.type == "User" and (($actor.alternateid | known) != null or ($actor.id | known) != null) then $actor
           else $person end) as $user
        | (([$targets[] | select(.type == "AppInstance")] | first) // {}) as $app
        | ["sign-in", $e.uuid, $time, (($user.alternateid | known) // ($user.displayname | known)), $address,
           $app.displayname, (if $code == 0 then "success" else "failure: " + ($outcome.reason // $outcome.result) end)] | line
    elif ($word | IN("security.threat.detected", "user.account.report_suspicious_activity_by_enduser")) then
      (if $actor.type == "IP address" then [$address, $actor.id] else [$e.debugcontext.debugData.suspiciousActivityEventIp] end
        | map(there) | first) as $address
      | ["risk", $e.uuid, $time, (if $actor.type == "IP address" then null else $person.alternateid end), $address, $word, "-"] | line
    else
      (($person.id != null and $person.id == $actor.id)
        or ($person.alternateid != null and $person.alternateid == $actor.alternateid)) as $own
      | ["audit", $e.uuid, $time,
         (if $actor.type == "User" then ($actor.alternateid | known) // ($actor.displayname | known) // ($actor.id | known)
          elif $actor.type == "IP address" then null else $actor.displayname end),
         $address, (activity($own)[$word] // $word),
         ({SUCCESS: "success", ALLOW: "success", FAILURE: "failure", DENY: "failure"}[$outcome.result // ""])] | line
    end
  end end;
