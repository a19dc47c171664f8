"""Authlib: discovery, every way to prove who the application is, and an id token that it verifies by our keys."""

import os
import time
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError

from steps import RESOURCE, SERVICE, TENANT, approve, browse, rows, told

AUTHORITY = f"{SERVICE}/{TENANT}"
METADATA = f"{AUTHORITY}/v2.0/.well-known/openid-configuration"
REPLY = "https://localhost"
SCOPE = f"openid profile offline_access {RESOURCE}/.default"


class App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """What Authlib makes for each web framework, without one."""

    client_cls = OAuth2Session


def refused(attempt, kind=OAuthError):
    try:
        attempt()
    except kind as error:
        return {"kind": type(error).__name__, "error": error.error}
    raise AssertionError("this should have failed")


script, script_secret = os.environ["SCRIPT_ID"], os.environ["SCRIPT_SECRET"]
app = App(
    None, "gatelog", client_id=script, client_secret=script_secret, server_metadata_url=METADATA,
    client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
)
metadata = app.load_server_metadata()
told("discovery", issuer=metadata["issuer"])
token_endpoint = metadata["token_endpoint"]


def session(client_id, secret, method="client_secret_basic"):
    made = OAuth2Session(client_id, secret, scope=f"{RESOURCE}/.default", token_endpoint_auth_method=method)
    made.register_client_auth_method(PrivateKeyJWT(token_endpoint))
    return made


client_id, secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
with open(os.environ["CERTIFICATE_KEY"]) as file:
    key = file.read()
for method, who, proof in [
    ("client_secret_basic", client_id, secret),
    ("client_secret_post", client_id, secret),
    ("private_key_jwt", os.environ["CERTIFIED_ID"], key),
]:
    token = session(who, proof, method).fetch_token(token_endpoint, grant_type="client_credentials")
    told(method, type=token["token_type"], expires_in=token["expires_in"], rows=rows(token["access_token"]))
told("wrong secret", **refused(
    lambda: session(client_id, "wrong").fetch_token(token_endpoint, grant_type="client_credentials")))

asked = app.create_authorization_url(REPLY)
ended = parse_qs(urlsplit(browse(asked["url"])).query)
assert ended["state"] == [asked["state"]]
token = app.fetch_access_token(REPLY, code=ended["code"][0], code_verifier=asked["code_verifier"])
claims = app.parse_id_token(token, nonce=asked["nonce"])
told(
    "code", user=claims["preferred_username"], name=claims["name"], tenant=claims["tid"],
    rows=rows(token["access_token"]),
)
told("another nonce", **refused(lambda: app.parse_id_token(token, nonce="x"), JoseError))
header, payload, signature = token["id_token"].split(".")
forged = ".".join([header, payload, ("B" if signature[0] == "A" else "A") + signature[1:]])
told("another signature", **refused(
    lambda: app.parse_id_token({**token, "id_token": forged}, nonce=asked["nonce"]), JoseError))
told("user", name=app.userinfo(token=token)["name"])

mine = OAuth2Session(script, script_secret, token_endpoint_auth_method="client_secret_post")
seen = mine.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
told("introspection", active=seen["active"], user=seen["username"])
renewed = mine.refresh_token(token_endpoint, refresh_token=token["refresh_token"])
told("refresh", another=renewed["refresh_token"] != token["refresh_token"], rows=rows(renewed["access_token"]))
told("used refresh token", **refused(
    lambda: mine.refresh_token(token_endpoint, refresh_token=token["refresh_token"])))

# RFC 8628, for which Authlib has no call of its own.
public = OAuth2Session(os.environ["PUBLIC_ID"], token_endpoint_auth_method="none")
device = public.request(
    "POST", metadata["device_authorization_endpoint"], withhold_token=True,
    data={"client_id": os.environ["PUBLIC_ID"], "scope": SCOPE},
).json()


def poll():
    return public.fetch_token(
        token_endpoint, grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=device["device_code"])


told("waiting", **refused(poll))
approve(device["user_code"], device["verification_uri"])
token = None
while token is None:
    time.sleep(device["interval"])
    try:
        token = poll()
    except OAuthError as error:
        if error.error != "authorization_pending":
            raise
told("device code", rows=rows(token["access_token"]))
public.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token")
told("revoked", **refused(lambda: public.refresh_token(token_endpoint, refresh_token=token["refresh_token"])))

# The old endpoint, by password, where the tenant lets applications see passwords.
old = OAuth2Session(os.environ["PUBLIC_ID"], token_endpoint_auth_method="none")
token = old.fetch_token(
    f"{AUTHORITY}/oauth2/token", username=os.environ["USER_NAME"], password=os.environ["PASSWORD"], resource=RESOURCE)
told("password", expires_in=token["expires_in"], rows=rows(token["access_token"]))
