// What every script here does: says what came of a step, asks the test for a browser, reads a report.

import https from 'node:https';
import readline from 'node:readline';

export const { SERVICE, TENANT, TENANT_ID } = process.env;
export const REPORT = `${SERVICE}/${TENANT}/reports/auditEvents?api-version=beta`;
export const RESOURCE = 'https://graph.windows.net';

// A step is done, and this came of it.
export function told(step, values) {
  process.stdout.write(`${JSON.stringify({ step, ...values })}\n`);
}

// Somebody opens the address, signs in and agrees; where their browser ends up.
export function browse(address) {
  process.stdout.write(`${JSON.stringify({ browse: address })}\n`);
  process.stdin.ref();
  return new Promise((resolve) => {
    const lines = readline.createInterface({ input: process.stdin });
    lines.once('line', (line) => {
      lines.close();
      // Nothing more is waited for, so it shall not keep the script alive.
      process.stdin.unref();
      resolve(line.trim());
    });
  });
}

// Somebody opens the page and types the code, as soon as the device has asked once in vain.
export function approve(userCode, page) {
  process.stdout.write(`${JSON.stringify({ approve: userCode, page })}\n`);
}

// How many rows a report has for this token.
export function rows(token) {
  return new Promise((resolve, reject) => {
    https.get(REPORT, { headers: { Authorization: `Bearer ${token}` } }, (answer) => {
      let body = '';
      answer.on('data', (piece) => (body += piece));
      answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(body).value.length) : reject(new Error(body))));
    }).on('error', reject);
  });
}

// What a function that must fail threw.
export async function failure(attempt) {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}
