// A super app of another site launches a program that asks for something, with Portico's script and the
// started server: the consent sheet rises in its frame, where no cookie comes along.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person } from '../person.mjs'
import { authorization, pkce, registered, site } from '../stranger.mjs'

export const title = 'A consent sheet rises in the super app, is answered without a cookie, and tells it'
export const onBothDatabases = true

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export async function journey(world) {
  const { demo, step } = world
  const nova = await site({}, 'nova.localhost')
  const evil = await site({}, 'evil.localhost')
  const { client_id, client_secret } = registered(demo, {
    'portico:host': true,
    token_endpoint_auth_method: 'client_secret_basic',
    client_name: 'Nova of this journey',
    redirect_uris: [`${nova.origin}/callback`],
    interaction_return_uri: `${nova.origin}/back`,
    grant_types: ['authorization_code', 'refresh_token', EXCHANGE],
    scope: 'openid profile portico:launch',
  })
  nova.pages['/'] = hostPage(demo.addresses.portico)
  nova.pages['/callback'] = '<!doctype html><title>Nova</title><h1>Nova</h1>'
  nova.pages['/back'] = '<!doctype html><title>Nova</title><h1>Back at Nova</h1>'
  const { port } = new URL(demo.addresses.portico)
  // The host's backend.
  const token = async (form) => {
    const answer = await fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams(form),
    })
    return answer.json()
  }
  const program = (name) => demo.command('client', 'show', demo.clients[name].client_id)
  const market = program('market')
  const scope = market.scope
  let access_token
  const launch = (more) => token({
    grant_type: EXCHANGE,
    subject_token: access_token,
    subject_token_type: ACCESS_TOKEN,
    audience: market.client_id,
    requested_token_type: 'urn:portico:params:oauth:token-type:launch-code',
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    nonce: 'of the backend',
    scope,
    ...more,
  })
  const ada = await Person.arrives(world, 'ada')
  let refused

  await step('Ada signs in to a super app', async () => {
    const redirect_uri = `${nova.origin}/callback`
    const request = { client_id, redirect_uri, scope: 'openid profile portico:launch' }
    await ada.goesTo(authorization(`${demo.addresses.portico}/authorize`, request))
    await ada.typesPassword()
    await ada.page.waitForURL(`${redirect_uri}?**`)
    const code = new URL(ada.page.url()).searchParams.get('code')
    const tokens = await token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: pkce.verifier })
    access_token = tokens.access_token
    refused = await launch({ interaction_mode: 'web_message' })
    assert.equal(refused.error, 'consent_required')
  })

  await step('The page of another site cannot frame the sheet', async () => {
    evil.pages['/'] = `<!doctype html><iframe src="${refused.interaction_uri}"></iframe>`
    await ada.goesTo(evil.origin)
    await ada.page.waitForTimeout(300)
    const framed = ada.page.frames().find((frame) => frame.url().startsWith(demo.addresses.portico))
    assert.equal(framed, undefined)
  })

  await step('It rises in the frame of its host; what Ada allows is told, and the program is launched', async () => {
    await ada.goesTo(nova.origin)
    const sheet = await rises(ada, refused)
    await ada.seesSheet(sheet)
    await ada.seesNo(sheet, 'Not you?')
    await look(ada.page, 'consent-sheet-in-a-frame')
    await answersAll(ada, sheet)
    await ada.page.waitForFunction(() => globalThis.result !== undefined)
    assert.equal(await ada.page.evaluate(() => globalThis.result), 'allowed')
    const given = await launch({})
    assert.ok(given.access_token.startsWith('pl_'), JSON.stringify(given))
    assert.deepEqual(given.scope.split(' ').sort(), scope.split(' ').sort())
  })

  await step('Without scripts it is a page that leads back; used, it says so', async () => {
    // As in the WebView of an app: nobody is signed in there.
    const view = await Person.arrives(world, 'ada', { javaScriptEnabled: false })
    const taxi = program('taxi')
    refused = await launch({ audience: taxi.client_id, scope: taxi.scope })
    await ada.goesTo(refused.interaction_uri)
    await ada.seesSheet(ada.page)
    await look(ada.page, 'consent-sheet')
    await view.goesTo(refused.interaction_uri)
    await view.seesSheet(view.page)
    await view.decides(view.page, 'deny')
    await view.page.waitForURL(`${nova.origin}/back?interaction=${refused.interaction}&result=later`)
    const used = await view.goesTo(refused.interaction_uri)
    assert.equal(used.status(), 410)
    await view.sees(view.page, 'This question is closed')
    await view.leaves()
  })
  await ada.leaves()
  nova.closes()
  evil.closes()
}

/** Shows the sheet as host.js does; gives its frame. */
async function rises(person, { interaction, interaction_uri }) {
  await person.page.evaluate((refusal) => {
    host.sheet(refusal).then((result) => (globalThis.result = result))
  }, { interaction, interaction_uri })
  return person.page.frameLocator('iframe')
}

/** Allows page after page, until the host has taken the sheet away. */
async function answersAll(person, sheet) {
  for (let pages = 0; pages < 8; pages += 1) {
    await person.decides(sheet, 'allow')
    await person.page.waitForTimeout(400)
    if ((await person.page.locator('iframe').count()) === 0) return
  }
}

function hostPage(portico) {
  return `<!doctype html><html lang="en"><title>Nova</title><body><main><h1>Nova</h1>
    <div id="container" style="position: relative; max-width: 360px; height: 620px"></div></main>
    <script src="${portico}/static/bridge/host.js"></script>
    <script>globalThis.host = PorticoHost.create({
      container: document.querySelector('#container'), account: 'ada', call: async () => ({}),
      follow: () => ({ check() {}, close() {} }), draw() {}, heard() {},
      context: { theme: { color_scheme: 'light' }, locale: 'en' },
    })</script>`
}
