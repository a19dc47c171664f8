//! A sound record made unsound: members taken away, replaced, doubled, renamed, moved into text, or added.

use crate::json_tree::Json;
use arbitrary::{Result, Unstructured};

/// A record that has grown beyond this is changed no further.
const RECORD_BYTES_MAX: usize = 32 * 1024;

/// Names and texts that mean something somewhere.
pub(crate) struct Words<'a> {
    pub(crate) names: &'a [&'a str],
    pub(crate) texts: &'a [&'a str],
}

/// The words of Entra's records, and those that mean something in any record.
pub(crate) const ENTRA: Words<'static> = Words {
    names: NAMES,
    texts: TEXTS,
};

/// Changes a record as the choices say, until they run out.
pub(crate) fn mutate(record: &mut Json, choices: &mut Unstructured<'_>, words: &Words<'_>) -> Result<()> {
    for _ in 0..24 {
        if choices.is_empty() {
            break;
        }
        let mut objects = 0;
        count_objects(record, &mut objects);
        let wanted = choices.choose_index(objects)?;
        let mut seen = 0;
        if let Some(members) = nth_object(record, wanted, &mut seen)
            && change(members, choices, words)? == Growth::Unbounded
            && record.to_string().len() > RECORD_BYTES_MAX
        {
            break;
        }
    }
    Ok(())
}

/// How much longer a change can make a record.
#[derive(Debug, PartialEq)]
enum Growth {
    /// By what the choices hold.
    Bounded,
    /// As much again: text in text doubles its escapes, and copies of copies grow as fast.
    Unbounded,
}

fn change(
    members: &mut Vec<(String, Json)>,
    choices: &mut Unstructured<'_>,
    words: &Words<'_>,
) -> Result<Growth> {
    let what = choices.int_in_range(0..=8_u8)?;
    if members.is_empty() || what == 0 {
        let member = (name(choices, words)?, value(choices, 0, words)?);
        let at = choices.choose_index(members.len() + 1)?;
        members.insert(at, member);
        return Ok(Growth::Bounded);
    }
    let at = choices.choose_index(members.len())?;
    match what {
        1 | 2 => members[at].1 = value(choices, 0, words)?,
        3 => drop(members.remove(at)),
        4 => {
            let twin = (members[at].0.clone(), value(choices, 0, words)?);
            members.push(twin);
        }
        5 => {
            let changed = if choices.arbitrary()? {
                members[at].0.to_uppercase()
            } else {
                name(choices, words)?
            };
            members[at].0 = changed;
        }
        // As text, which is how pipelines and workspaces keep objects.
        6 => {
            members[at].1 = Json::Text(members[at].1.to_string());
            return Ok(Growth::Unbounded);
        }
        7 => {
            let other = choices.choose_index(members.len())?;
            let value = members[other].1.clone();
            members[at].1 = value;
            return Ok(Growth::Unbounded);
        }
        _ => {
            // In another case: which of the two counts must not depend on their order.
            let twin = (members[at].0.to_lowercase(), value(choices, 0, words)?);
            members.insert(0, twin);
        }
    }
    Ok(Growth::Bounded)
}

/// Names that mean something somewhere. `value` and `records` at the top would make the record a page, which is another
/// target's matter.
const NAMES: &[&str] = &[
    "id",
    "createdDateTime",
    "activityDateTime",
    "activityDisplayName",
    "time",
    "category",
    "properties",
    "Type",
    "TimeGenerated",
    "CreatedDateTime",
    "ActivityDateTime",
    "OperationName",
    "operationName",
    "status",
    "errorCode",
    "resultType",
    "resultSignature",
    "result",
    "location",
    "locationDetails",
    "geoCoordinates",
    "latitude",
    "longitude",
    "countryOrRegion",
    "deviceDetail",
    "mfaDetail",
    "authenticationRequirement",
    "authenticationDetails",
    "authenticationMethod",
    "succeeded",
    "signInEventTypes",
    "isInteractive",
    "userId",
    "userPrincipalName",
    "ipAddress",
    "callerIpAddress",
    "identity",
    "initiatedBy",
    "user",
    "app",
    "appId",
    "targetResources",
    "modifiedProperties",
    "additionalDetails",
    "key",
    "displayName",
    "oldValue",
    "newValue",
    "type",
    "tenantId",
    "TenantId",
    "AADTenantId",
    "resourceId",
    "riskEventTypes_v2",
    "riskEventType",
    "riskType",
    "riskState",
    "riskLevel",
    "riskLastUpdatedDateTime",
    "detectedDateTime",
    "activity",
    "additionalInfo",
    "servicePrincipalId",
    "provisioningAction",
    "provisioningStatusInfo",
    "provisioningSteps",
    "servicePrincipal",
    "sourceIdentity",
    "targetSystem",
    "details",
    "lastModifiedDateTime",
    "loggedByService",
    "log",
    "message",
    "event",
    "event.original",
    "result",
    "_raw",
    "@timestamp",
    "p_source",
    "",
];

fn name(choices: &mut Unstructured<'_>, words: &Words<'_>) -> Result<String> {
    if choices.ratio(7_u8, 8_u8)? {
        Ok((*choices.choose(words.names)?).to_owned())
    } else {
        let name: String = choices.arbitrary()?;
        Ok(if name == "value" || name == "records" {
            "other".to_owned()
        } else {
            name
        })
    }
}

/// Texts that are read as something else than text.
const TEXTS: &[&str] = &[
    "",
    " ",
    "-",
    "null",
    "None",
    "true",
    "FALSE",
    "0",
    "-1",
    "50126",
    "9223372036854775808",
    "1e400",
    "NaN",
    "{",
    "[",
    "{}",
    "[]",
    "{\"errorCode\":0}",
    "[{\"key\":\"ipaddr\",\"value\":\"::ffff:10.0.0.1\"}]",
    "success",
    "Failure",
    "Interrupted",
    "2017-05-17T12:00:00Z",
    "2017-05-17T12:00:00.12345678901Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-18:00",
    "8/22/2022 6:07:16 PM",
    "/Date(1494979200000)/",
    "/Date(-9223372036854775808)/",
    "SignInLogs",
    "AuditLogs",
    "AADManagedIdentitySignInLogs",
    "SigninLogs",
    "NonInteractiveUserSignInLogs",
    "ProvisioningLogs",
    "UserRiskEvents",
    "RiskyServicePrincipals",
    "AADProvisioningLogs",
    "AADRiskyUsers",
    "unlikelyTravel",
    "leakedCredentials",
    "dismissed",
    "User",
    "servicePrincipal",
    "multiFactorAuthentication",
    "fe80::1%eth0",
    "[2001:db8::1]:443",
    "192.0.2.1:99999",
    "a2aa49aa-2c0c-49d2-af87-f402c421df0b",
    "/tenants/a2aa49aa-2c0c-49d2-af87-f402c421df0b/providers/Microsoft.aadiam",
    "Self-service Password Management",
    "Core Directory",
    "Reset password (self-service)",
    "User registered for self-service password reset",
    "Add member to group",
    "\u{0}",
    "\u{feff}",
    "😀",
    "a\"b\\c\n",
    "ſ",
    "İ",
    "AAÖ",
];

fn value(choices: &mut Unstructured<'_>, depth: u8, words: &Words<'_>) -> Result<Json> {
    let most = if depth < 4 { 9 } else { 6 };
    Ok(match choices.int_in_range(0..=most)? {
        0 => Json::Null,
        1 => Json::Bool(choices.arbitrary()?),
        2 => Json::Number(choices.arbitrary::<i64>()?.to_string()),
        3 => number(choices)?,
        4 => Json::Text(choices.arbitrary()?),
        5 | 6 => Json::Text((*choices.choose(words.texts)?).to_owned()),
        7 => {
            let mut items = Vec::new();
            for _ in 0..choices.int_in_range(0..=4_u8)? {
                items.push(value(choices, depth + 1, words)?);
            }
            Json::List(items)
        }
        _ => {
            let mut members = Vec::new();
            for _ in 0..choices.int_in_range(0..=4_u8)? {
                members.push((name(choices, words)?, value(choices, depth + 1, words)?));
            }
            Json::Object(members)
        }
    })
}

/// Numbers at the edges of what their readers take.
fn number(choices: &mut Unstructured<'_>) -> Result<Json> {
    let numbers = [
        "-0",
        "0.0",
        "1e2",
        "0.1",
        "-1.5e-300",
        "1e308",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "99999999999",
        "100000000000",
        "253402300800000",
        "9223372036854775807",
        "90.0",
        "180.1",
        "1E+400",
    ];
    Ok(Json::Number((*choices.choose(&numbers)?).to_owned()))
}

fn count_objects(value: &Json, count: &mut usize) {
    match value {
        Json::List(items) => {
            for item in items {
                count_objects(item, count);
            }
        }
        Json::Object(members) => {
            *count += 1;
            for (_, value) in members {
                count_objects(value, count);
            }
        }
        _ => {}
    }
}

fn nth_object<'a>(
    value: &'a mut Json,
    wanted: usize,
    seen: &mut usize,
) -> Option<&'a mut Vec<(String, Json)>> {
    match value {
        Json::List(items) => items.iter_mut().find_map(|item| nth_object(item, wanted, seen)),
        Json::Object(members) => {
            if *seen == wanted {
                return Some(members);
            }
            *seen += 1;
            members
                .iter_mut()
                .find_map(|(_, value)| nth_object(value, wanted, seen))
        }
        _ => None,
    }
}
