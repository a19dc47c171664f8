"""MSAL for Python: every grant it has but the password, for which it drops the port from the address that it asks."""

import os
import threading
from urllib.parse import parse_qsl, urlsplit

import msal

from steps import RESOURCE, SERVICE, TENANT, approve, browse, rows, told

AUTHORITY = f"{SERVICE}/{TENANT}"
SCOPES = [f"{RESOURCE}/.default"]
REPLY = "https://localhost"


def confidential(client_id, credential):
    return msal.ConfidentialClientApplication(
        client_id, client_credential=credential, authority=AUTHORITY, instance_discovery=False
    )


def refused(answer):
    return {"error": answer["error"], "codes": answer["error_codes"]}


client_id = os.environ["CLIENT_ID"]
app = confidential(client_id, os.environ["CLIENT_SECRET"])
token = app.acquire_token_for_client(SCOPES)
told("client credentials", type=token["token_type"], rows=rows(token["access_token"]))
told("cache", source=app.acquire_token_for_client(SCOPES)["token_source"])
told("wrong secret", **refused(confidential(client_id, "wrong").acquire_token_for_client(SCOPES)))

with open(os.environ["CERTIFICATE"]) as certificate, open(os.environ["CERTIFICATE_KEY"]) as key:
    public_part, private_part = certificate.read(), key.read()
for name, credential in [
    ("certificate by SHA-1", {"private_key": private_part, "thumbprint": os.environ["THUMBPRINT"]}),
    ("certificate by SHA-256", {"private_key": private_part, "public_certificate": public_part}),
]:
    token = confidential(os.environ["CERTIFIED_ID"], credential).acquire_token_for_client(SCOPES)
    assert "error" not in token, token
    told(name, type=token["token_type"], rows=rows(token["access_token"]))
with open(os.environ["OTHER_KEY"]) as key:
    other = {"private_key": key.read(), "thumbprint": os.environ["THUMBPRINT"]}
told("wrong key", **refused(confidential(os.environ["CERTIFIED_ID"], other).acquire_token_for_client(SCOPES)))

app = confidential(os.environ["SCRIPT_ID"], os.environ["SCRIPT_SECRET"])
flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REPLY)
ended = dict(parse_qsl(urlsplit(browse(flow["auth_uri"])).query))
token = app.acquire_token_by_auth_code_flow(flow, ended)
claims = token["id_token_claims"]
told(
    "code", user=claims["preferred_username"], name=claims["name"], tenant=claims["tid"],
    audience=claims["aud"] == os.environ["SCRIPT_ID"], rows=rows(token["access_token"]),
)
try:
    app.acquire_token_by_auth_code_flow(flow, {**ended, "state": "another"})
except ValueError as error:
    told("another state", error=str(error).split(":")[0])

account, = app.get_accounts()
silent = app.acquire_token_silent(SCOPES, account)
told("cache", account=account["username"], source=silent["token_source"])
renewed = app.acquire_token_silent(SCOPES, account, force_refresh=True)
told("refresh", source=renewed["token_source"], rows=rows(renewed["access_token"]))
# What was renewed once cannot be renewed again, and takes its family with it.
told("used refresh token", **refused(app.acquire_token_by_refresh_token(token["refresh_token"], SCOPES)))
told("its family", silent=app.acquire_token_silent(SCOPES, account, force_refresh=True) is not None)

app = msal.PublicClientApplication(os.environ["PUBLIC_ID"], authority=AUTHORITY, instance_discovery=False)
flow = app.initiate_device_flow(SCOPES)
approve(flow["user_code"], flow["verification_uri"])
token = app.acquire_token_by_device_flow(flow)
told(
    "device code", interval=flow["interval"], user=token["id_token_claims"]["preferred_username"],
    rows=rows(token["access_token"]),
)

# A browser of this machine, by a port of the library's own; it listens when this has returned.
app = msal.PublicClientApplication(os.environ["PUBLIC_ID"], authority=AUTHORITY, instance_discovery=False)
token = app.acquire_token_interactive(
    SCOPES, timeout=60, auth_uri_callback=lambda address: threading.Thread(target=browse, args=(address,)).start())
told("interactive", user=token["id_token_claims"]["preferred_username"], rows=rows(token["access_token"]))
