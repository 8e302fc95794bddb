// An ordinary web app, as its makers would write it with openid-client and nothing of ours: whoever opens it is
// asked for silently first (`prompt=none`), and where that brings nobody, it shows a button.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as client from 'openid-client'
import { site } from './stranger.mjs'

/** Starts it on `name.localhost`, as a released mini-program that is launched with tickets. */
export async function ordinaryApp(demo, name, publisher) {
  const app = await site({}, `${name}.localhost`)
  const callback = `${app.origin}/callback`
  const registered = mini_program(demo, {
    client_name: name,
    publisher,
    state: 'released',
    scope: 'openid',
    entry_uri: `${app.origin}/open`,
    origins: [app.origin],
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'],
    launch_types: ['ticket'],
  })
  const config = await discovered(demo, registered)
  const sessions = new Map()

  // Its own session. In a frame of another site a cookie has to say so.
  const session = (request, answer) => {
    const known = /(?:^|; )app=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1]
    if (known && sessions.has(known)) return sessions.get(known)
    const id = randomBytes(16).toString('hex')
    const framed = request.headers['sec-fetch-dest'] === 'iframe'
    const attributes = framed ? 'SameSite=None; Secure; Partitioned' : 'SameSite=Lax'
    answer.setHeader('set-cookie', `app=${id}; Path=/; HttpOnly; ${attributes}`)
    const fresh = {}
    sessions.set(id, fresh)
    return fresh
  }
  const shows = (answer, words) => {
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    answer.end(`<!doctype html><html lang="en"><title>${name}</title><h1>${name}</h1><p id="who">${words}</p>`)
  }

  app.referrers = []
  app.pages['/open'] = async (request, answer) => {
    app.referrers.push(request.headers.referer)
    const mine = session(request, answer)
    if (mine.sub) return shows(answer, `Signed in as ${mine.sub} in ${mine.sid}`)
    mine.checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState() }
    const location = client.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid',
      prompt: 'none',
      state: mine.checks.expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(mine.checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    answer.writeHead(302, { location: location.href }).end()
  }
  app.pages['/callback'] = async (request, answer) => {
    app.referrers.push(request.headers.referer)
    const mine = session(request, answer)
    try {
      const tokens = await client.authorizationCodeGrant(config, new URL(request.url, app.origin), mine.checks)
      Object.assign(mine, tokens.claims(), { refresh_token: tokens.refresh_token })
      answer.writeHead(302, { location: '/open' }).end()
    } catch (refused) {
      shows(answer, `Nobody is signed in: ${refused.error ?? refused.message}`)
    }
  }
  return {
    ...app,
    client_id: registered.client_id,
    referrers: app.referrers,
    /** The sessions of those who signed in. */
    signedIn: () => [...sessions.values()].filter((one) => one.sub),
    refreshes: (token) => client.refreshTokenGrant(config, token),
  }
}

function mini_program(demo, manifest) {
  const folder = mkdtempSync(join(tmpdir(), 'portico-ordinary-'))
  try {
    const file = join(folder, 'manifest.json')
    writeFileSync(file, JSON.stringify(manifest))
    return demo.command('mini-program', 'add', '--manifest', file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// Node does not resolve *.localhost on every system, so the library is told where the issuer's host is.
async function discovered(demo, { client_id, client_secret }) {
  const issuer = new URL(demo.addresses.portico)
  const atLoopback = (address, options) => {
    const url = new URL(address)
    if (url.host === issuer.host) url.hostname = '127.0.0.1'
    return fetch(url, options)
  }
  return client.discovery(issuer, client_id, undefined, client.ClientSecretBasic(client_secret), {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: atLoopback,
  })
}
