// The kit for hosts on Android, without a phone: its host, its tokens and its stream are Kotlin in a process of
// their own, the page's side is the real portico.js, and Portico is Portico. Only the views are not there.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { program } from '../program.mjs'
import { REDIRECT_URI, RelyingParty } from '../relying_party.mjs'

export const title = 'the Android kit: signs in by its key, launches, asks for consent, and locks when the session ends'
/** A class path: what `scripts/android-kit --keep` compiled. */
export const needs = 'ANDROID_KIT_CLASSPATH'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TIMEOUT_MS = 60_000

export async function journey(portico) {
  const nova = await RelyingParty.register(
    portico,
    {
      client_name: 'Nova on a phone',
      'portico:host': true,
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
      scope: 'openid portico:launch',
      grant_types: ['authorization_code', 'refresh_token', EXCHANGE],
      interaction_return_uri: 'https://shop.example/consent-done',
    },
    () => client.None(),
  )
  const market = await program(portico, { publisher_name: 'Orchard Lane', client_name: 'Plum Tickets', scope: 'openid profile.basic' })
  const { client_id } = market.clientMetadata()
  const kit = await Kit.start(portico, nova)
  try {
    const ada = new Person(portico)
    const { thumbprint } = await kit.does({ do: 'thumbprint' }, 'thumbprint')
    const { url, checks } = await nova.request({ dpop_jkt: thumbprint })
    const code = (await ada.goesThrough(url)).searchParams.get('code')
    kit.does({ do: 'redeem', code, code_verifier: checks.pkceCodeVerifier, redirect_uri: REDIRECT_URI })
    while ((await kit.tells('heard')).name !== 'ready');

    kit.does({ do: 'open', client_id, entry_uri: 'https://market.example/open' })
    const bridge = kit.page({ client_id, issuer: portico.issuer })
    assert.equal((await bridge.ready).locked, false)

    // Tap to code: the program's backend makes the nonce and the challenge, and redeems.
    const verifier = client.randomPKCECodeVerifier()
    const nonce = client.randomNonce()
    const code_challenge = await client.calculatePKCECodeChallenge(verifier)
    const launched = await bridge.login({ nonce, code_challenge, state: 's' })
    assert.deepEqual([launched.iss, launched.scope], [portico.issuer, 'openid'])
    const callback = new URL('https://market.example/callback')
    callback.search = new URLSearchParams({ code: launched.code, iss: portico.issuer })
    const tokens = await client.authorizationCodeGrant(market, callback, { pkceCodeVerifier: verifier, expectedNonce: nonce, idTokenExpected: true })
    const said = await client.tokenIntrospection(market, tokens.access_token)
    assert.deepEqual([said.active, said.act], [true, { sub: nova.clientId }])

    // What was never decided raises the sheet; whoever has its address answers.
    const more = bridge.request({ scope: 'profile.basic' })
    const { uri } = await kit.tells('sheet')
    const landing = await new Person(portico).goesThrough(uri)
    assert.equal(landing.searchParams.get('result'), 'allowed')
    kit.does({ do: 'sheet', result: 'allowed' })
    assert.deepEqual(await more, { scope: 'openid profile.basic' })

    // Another document of the program is welcomed to the stay that the exchange named.
    const next = kit.page({ client_id, issuer: portico.issuer, sid: tokens.claims().sid, dropSession: () => assert.fail('it is the same stay') })
    assert.equal((await next.ready).sid, tokens.claims().sid)

    // The operator ends the session: drawn, told, and nothing is answered any more.
    const expired = new Promise((heard) => next.on('session_expired', heard))
    const { sessions } = portico.command(['session', 'list', '--user', portico.person.username, '--json'])
    for (const { id } of sessions) portico.command(['session', 'end', id, '--json'])
    let painted
    do painted = await kit.tells('paint')
    while (!painted.hidden)
    assert.equal(painted.reason, 'operator')
    assert.deepEqual(await expired, { reason: 'operator' })
    await assert.rejects(next.login({ nonce, code_challenge }), { error: 'locked' })
  } finally {
    kit.ends()
  }
}

/** The process, what it told, and who waits for something else. */
class Kit {
  #process
  #told = []
  #waiting = []
  #listener

  static async start(portico, nova) {
    const kit = new Kit()
    const store = join(portico.folder, 'authority.p12')
    const authority = process.env.NODE_EXTRA_CA_CERTS
    const imported = spawnSync('keytool', ['-importcert', '-noprompt', '-alias', 'portico', '-file', authority, '-keystore', store, '-storetype', 'PKCS12', '-storepass', 'not a secret'])
    assert.equal(imported.status, 0, String(imported.stdout))
    const trust = [`-Djavax.net.ssl.trustStore=${store}`, '-Djavax.net.ssl.trustStorePassword=not a secret']
    kit.#process = spawn('java', [...trust, '-cp', process.env[needs], 'portico.host.RealHostKt'], { stdio: ['pipe', 'pipe', 'inherit'] })
    kit.#process.on('exit', () => kit.#waiting.splice(0).forEach(({ fail }) => fail(new Error('the kit has ended'))))
    createInterface(kit.#process.stdout).on('line', (line) => kit.#hears(JSON.parse(line)))
    const { session_events_endpoint } = await (await fetch(`${portico.issuer}/.well-known/portico-configuration`)).json()
    const { issuer, token_endpoint, revocation_endpoint } = nova.config.serverMetadata()
    kit.does({ client_id: nova.clientId, issuer, token_endpoint, revocation_endpoint, session_events_endpoint })
    return kit
  }

  #hears(told) {
    if (told.tells === 'page') return this.#listener?.({ data: told.text })
    const at = this.#waiting.findIndex(({ what }) => what === told.tells)
    if (at < 0) this.#told.push(told)
    else this.#waiting.splice(at, 1)[0].hear(told)
  }

  /** Tells the process what to do; with `then`, waits until it tells that. */
  does(what, then) {
    this.#process.stdin.write(`${JSON.stringify(what)}\n`)
    return then && this.tells(then)
  }

  /** The oldest thing of that kind that it told and nobody took. */
  tells(what) {
    const at = this.#told.findIndex(({ tells }) => tells === what)
    if (at >= 0) return Promise.resolve(this.#told.splice(at, 1)[0])
    return new Promise((hear, fail) => {
      const late = setTimeout(fail, TIMEOUT_MS, new Error(`the kit did not tell: ${what}`))
      this.#waiting.push({ what, hear: (told) => (clearTimeout(late), hear(told)), fail: (error) => (clearTimeout(late), fail(error)) })
    })
  }

  /** A document in the kit's WebView: a listener is what `addWebMessageListener` injects. */
  page(options) {
    const Portico = createRequire(import.meta.url)('../../../static/bridge/portico.js')
    const window = { crypto, setTimeout, clearTimeout, location: { pathname: '/', search: '' }, reportError: console.error }
    window.parent = window
    const kit = this
    window.porticoBridge = {
      set onmessage(listener) {
        kit.#listener = listener
      },
      postMessage: (text) => kit.does({ do: 'page says', text }),
    }
    return Portico.connect(options, window)
  }

  ends() {
    this.#process.kill()
  }
}
