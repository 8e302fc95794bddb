// A program that is no part of the demonstration, on origins of its own: small servers whose pages a
// journey writes, and a client that is registered by the command.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** RFC 7636, Appendix B. */
export const pkce = {
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
}

/**
 * An origin with pages: `{ '/path': '<html>' }`, `{ '/path': { location } }` for a page that sends
 * the person on, or `{ '/path': (request, answer) => … }` for anything else. `name` is its host, which ends in
 * `localhost`; another one is another site.
 */
export async function site(pages, name = 'localhost') {
  const server = createServer((request, answer) => {
    const page = pages[new URL(request.url, 'http://localhost').pathname]
    if (typeof page === 'function') return page(request, answer)
    if (page?.location) return answer.writeHead(303, page).end()
    answer.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
    answer.end(page ?? 'Nothing is here.')
  })
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle))
  return {
    origin: `http://${name}:${server.address().port}`,
    pages,
    closes: () => (server.close(), server.closeAllConnections()),
  }
}

/** Registers a public client; returns its id. */
export function registers(demo, metadata) {
  return registered(demo, metadata).client_id
}

/** Registers a client; returns all that its makers are told. */
export function registered(demo, metadata) {
  const usual = { token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], scope: 'openid profile' }
  return fromFile({ ...usual, ...metadata }, (file) => demo.command('client', 'add', '--metadata', file))
}

/** Registers a mini-program of a new publisher; returns all that its makers are told. */
export function miniProgram(demo, maker, manifest) {
  const { publisher_id: publisher } = demo.command('publisher', 'add', '--name', maker)
  return fromFile({ publisher, ...manifest }, (file) => demo.command('mini-program', 'add', '--manifest', file))
}

function fromFile(content, act) {
  const folder = mkdtempSync(join(tmpdir(), 'portico-stranger-'))
  try {
    const file = join(folder, 'registration.json')
    writeFileSync(file, JSON.stringify(content))
    return act(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The address of an authorization request. */
export function authorization(endpoint, parameters) {
  const url = new URL(endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    scope: 'openid profile',
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    ...parameters,
  })
  return url.href
}
