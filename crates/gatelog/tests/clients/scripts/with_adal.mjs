// ADAL for Node: every grant it has.

import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import adal from 'adal-node';
import challenges from 'adal-node/lib/authentication-parameters.js';
import { REPORT, RESOURCE, SERVICE, TENANT, approve, browse, failure, rows, told } from './steps.mjs';

const { CLIENT_ID, CLIENT_SECRET, SCRIPT_ID, SCRIPT_SECRET, PUBLIC_ID, CERTIFIED_ID, THUMBPRINT } = process.env;
const { USER_NAME, PASSWORD, CERTIFICATE_KEY, OTHER_KEY } = process.env;
const AUTHORITY = `${SERVICE}/${TENANT}`;
const REPLY = 'https://localhost';

// A call on a context with a cache of its own: the library's own one is shared.
function ask(method, ...parameters) {
  const context = new adal.AuthenticationContext(AUTHORITY, false, new adal.MemoryCache());
  return promisify(context[method].bind(context))(...parameters);
}

async function refused(method, ...parameters) {
  const error = await failure(() => ask(method, ...parameters));
  const answer = error.response?.data ?? JSON.parse(error.message.slice(error.message.indexOf('{')));
  return { error: answer.error, codes: answer.error_codes };
}

const parameters = await promisify(challenges.createAuthenticationParametersFromUrl)(REPORT);
told('challenge', { authorization_uri: parameters.authorizationUri });

let token = await ask('acquireTokenWithClientCredentials', RESOURCE, CLIENT_ID, CLIENT_SECRET);
told('client credentials', { type: token.tokenType, resource: token.resource, rows: await rows(token.accessToken) });
told('wrong secret', await refused('acquireTokenWithClientCredentials', RESOURCE, CLIENT_ID, 'wrong'));

const key = readFileSync(CERTIFICATE_KEY, 'utf8');
token = await ask('acquireTokenWithClientCertificate', RESOURCE, CERTIFIED_ID, key, THUMBPRINT);
told('certificate', { type: token.tokenType, rows: await rows(token.accessToken) });
const other = readFileSync(OTHER_KEY, 'utf8');
told('wrong key', await refused('acquireTokenWithClientCertificate', RESOURCE, CERTIFIED_ID, other, THUMBPRINT));

token = await ask('acquireTokenWithUsernamePassword', RESOURCE, USER_NAME, PASSWORD, PUBLIC_ID);
told('password', { user: token.userId, name: token.givenName, rows: await rows(token.accessToken) });
told('wrong password', await refused('acquireTokenWithUsernamePassword', RESOURCE, USER_NAME, 'wrong', PUBLIC_ID));

const ended = await browse(
  `${AUTHORITY}/oauth2/authorize?response_type=code&client_id=${SCRIPT_ID}&redirect_uri=${REPLY}&resource=${RESOURCE}&state=s`,
);
const answer = new URL(ended).searchParams;
const first = await ask('acquireTokenWithAuthorizationCode', answer.get('code'), REPLY, RESOURCE, SCRIPT_ID, SCRIPT_SECRET);
told('code', { user: first.userId, tenant: first.tenantId, state: answer.getAll('state'), rows: await rows(first.accessToken) });

const second = await ask('acquireTokenWithRefreshToken', first.refreshToken, SCRIPT_ID, SCRIPT_SECRET, RESOURCE);
told('refresh', { another: second.refreshToken !== first.refreshToken, rows: await rows(second.accessToken) });
told('used refresh token', await refused('acquireTokenWithRefreshToken', first.refreshToken, SCRIPT_ID, SCRIPT_SECRET, RESOURCE));
told('its family', await refused('acquireTokenWithRefreshToken', second.refreshToken, SCRIPT_ID, SCRIPT_SECRET, RESOURCE));

const device = await ask('acquireUserCode', RESOURCE, PUBLIC_ID, 'en');
approve(device.userCode, device.verificationUrl);
token = await ask('acquireTokenWithDeviceCode', RESOURCE, PUBLIC_ID, device);
told('device code', { interval: device.interval, user: token.userId, rows: await rows(token.accessToken) });
