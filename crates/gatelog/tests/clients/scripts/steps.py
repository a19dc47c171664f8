"""What every script here does: says what came of a step, asks the test for a browser, reads a report."""

import json
import os
import sys

import requests

SERVICE = os.environ["SERVICE"]
TENANT = os.environ["TENANT"]
REPORT = f"{SERVICE}/{TENANT}/reports/auditEvents?api-version=beta"
RESOURCE = "https://graph.windows.net"


def told(step, **values):
    """A step is done, and this came of it."""
    print(json.dumps({"step": step, **values}), flush=True)


def browse(address):
    """Somebody opens the address, signs in and agrees; where their browser ends up."""
    print(json.dumps({"browse": address}), flush=True)
    return sys.stdin.readline().strip()


def approve(user_code, page):
    """Somebody opens the page and types the code, as soon as the device has asked once in vain."""
    print(json.dumps({"approve": user_code, "page": page}), flush=True)


def rows(token):
    """How many rows a report has for this token."""
    answer = requests.get(REPORT, headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
    return len(answer.json()["value"])
