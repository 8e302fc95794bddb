// An ordinary web app, built on openid-client as it is, signs Ada in without a page: as the first load of a
// WebView, and in a frame of the super app. Chromium says itself how each document is opened, with the started
// server behind it.
//
// There is no WebView here. What native code posts as its first load is the address of a fresh context's first
// page, which Playwright turns into a POST before it leaves: the headers `Sec-Fetch-Site: none` and
// `Sec-Fetch-Dest: document` are Chromium's own.

import assert from 'node:assert/strict'
import { ordinaryApp } from '../ordinary_app.mjs'
import { Person } from '../person.mjs'
import { authorization, pkce, registered, site } from '../stranger.mjs'

export const title = 'An ordinary web app signs in silently by a web ticket, in a WebView and in a frame'
export const onBothDatabases = true

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const WEB_TICKET = 'urn:portico:params:oauth:token-type:web-ticket'

export async function journey(world) {
  const { demo, step } = world
  const { portico } = demo.addresses
  const { port } = new URL(portico)
  const nova = await site({}, 'nova.localhost')
  const host = registered(demo, {
    'portico:host': true,
    token_endpoint_auth_method: 'client_secret_basic',
    client_name: 'Nova of this journey',
    redirect_uris: [`${nova.origin}/callback`],
    grant_types: ['authorization_code', 'refresh_token', EXCHANGE],
    scope: 'openid portico:launch',
  })
  nova.pages['/callback'] = '<!doctype html><title>Nova</title><h1>Nova</h1>'
  const { publisher_id } = demo.command('publisher', 'add', '--name', 'Ordinary Shops')
  const [florist, bakery] = [await ordinaryApp(demo, 'florist', publisher_id), await ordinaryApp(demo, 'bakery', publisher_id)]
  const configuration = await (await fetch(`http://127.0.0.1:${port}/.well-known/portico-configuration`)).json()
  const endpoint = configuration.web_ticket_endpoint

  // The host's backend.
  const token = async (form) => {
    const answer = await fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${host.client_id}:${host.client_secret}`)}` },
      body: new URLSearchParams(form),
    })
    return answer.json()
  }
  const signsInAtNova = async (person) => {
    const redirect_uri = `${nova.origin}/callback`
    const request = { client_id: host.client_id, redirect_uri, scope: 'openid portico:launch' }
    await person.goesTo(authorization(`${portico}/authorize`, request))
    await person.typesPassword()
    await person.page.waitForURL(`${redirect_uri}?**`)
    const code = new URL(person.page.url()).searchParams.get('code')
    return token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: pkce.verifier })
  }
  const ada = await Person.arrives(world, 'ada')
  let tokens
  const launch = async (program, subject = tokens) => {
    const launched = await token({
      grant_type: EXCHANGE,
      subject_token: subject.access_token,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: WEB_TICKET,
      audience: program.client_id,
      code_challenge: pkce.challenge,
      code_challenge_method: 'S256',
    })
    assert.ok(launched.access_token?.startsWith('pt_'), JSON.stringify(launched))
    return launched
  }
  const form = ({ access_token }, target = '_self') => `
    <form method="post" action="${endpoint}" target="${target}">
    <input type="hidden" name="ticket" value="${access_token}"><input type="hidden" name="code_verifier" value="${pkce.verifier}">
    </form><script>document.forms[0].submit()</script>`

  // A WebView of Ada's phone: a context that knows nothing, whose first load is a POST.
  const loads = async (view, { access_token }) => {
    const body = new URLSearchParams({ ticket: access_token, code_verifier: pkce.verifier }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await view.page.route(endpoint, (route) => route.continue({ method: 'POST', postData: body, headers }), { times: 1 })
    return view.goesTo(endpoint)
  }

  await step('Ada signs in to the super app', async () => {
    tokens = await signsInAtNova(ada)
  })

  await step('In a WebView the app signs her in with its first load, and no page of ours is shown', async () => {
    const view = await Person.arrives(world, 'ada')
    const shown = []
    view.page.on('framenavigated', (frame) => shown.push(frame.url()))
    const launched = await launch(florist)
    await loads(view, launched)
    await view.sees(view.page, /^Signed in as/)
    assert.equal(new URL(view.page.url()).origin, florist.origin)
    assert.ok(shown.every((address) => new URL(address).origin === florist.origin), shown.join(' '))
    assert.equal(florist.signedIn().at(-1).sid, launched.sid)
    const [cookie] = (await view.context.cookies(portico)).filter(({ name }) => name.startsWith('portico_web_'))
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/'])
    // Another app in the same jar is nobody's, until it is launched itself.
    await view.goesTo(`${bakery.origin}/open`)
    await view.sees(view.page, 'Nobody is signed in: login_required')
    await loads(view, await launch(bakery))
    await view.sees(view.page, /^Signed in as/)
    await view.goesTo(`${portico}/account`)
    await view.page.locator('input[name=password]').waitFor()
    // Used, it is a page that says so.
    const again = await loads(view, launched)
    assert.equal(again.status(), 400)
    await view.sees(view.page, 'You could not be signed in')
    await view.leaves()
  })

  await step('In a frame of the super app it signs her in as well, in that partition', async () => {
    nova.pages['/'] = `<!doctype html><title>Nova</title><iframe name="program"></iframe>${form(await launch(florist), 'program')}`
    const phone = await Person.arrives(world, 'ada')
    await phone.goesTo(nova.origin)
    const frame = phone.page.frameLocator('iframe')
    await phone.sees(frame, /^Signed in as/)
    const framed = phone.page.frames().find((one) => one !== phone.page.mainFrame())
    assert.equal(framed.url(), `${florist.origin}/open`)
    const [cookie] = (await phone.context.cookies(portico)).filter(({ name }) => name.startsWith('portico_web_'))
    assert.deepEqual([cookie.sameSite, cookie.secure, Boolean(cookie.partitionKey)], ['None', true, true])
    // The partition is the super app's: at the top the same app is nobody's.
    await phone.goesTo(`${florist.origin}/open`)
    await phone.sees(phone.page, 'Nobody is signed in: login_required')
    await phone.leaves()
  })

  await step('A ticket of somebody else in the form of an app signs nobody in', async () => {
    const mallory = await Person.arrives(world, 'linus')
    const theirs = await signsInAtNova(mallory)
    const victim = await Person.arrives(world, 'ada')
    bakery.pages['/trap'] = `<!doctype html>${form(await launch(florist, theirs))}`
    const [refused] = await Promise.all([victim.page.waitForResponse(endpoint), victim.goesTo(`${bakery.origin}/trap`)])
    assert.equal(refused.status(), 400)
    bakery.pages['/trap'] = `<!doctype html><iframe name="trap"></iframe>${form(await launch(florist, theirs), 'trap')}`
    const [framed] = await Promise.all([victim.page.waitForResponse(endpoint), victim.goesTo(`${bakery.origin}/trap`)])
    assert.equal(framed.status(), 400)
    bakery.pages['/trap'] = `<!doctype html><script>fetch('${endpoint}', { method: 'POST', mode: 'no-cors', credentials: 'include',
      body: new URLSearchParams({ ticket: '${(await launch(florist, theirs)).access_token}', code_verifier: '${pkce.verifier}' }) })</script>`
    // What a script fetches is refused, and kept from its page besides.
    await Promise.all([victim.page.waitForEvent('requestfailed'), victim.goesTo(`${bakery.origin}/trap`)])
    assert.deepEqual(await victim.context.cookies(portico), [])
    await victim.goesTo(`${florist.origin}/open`)
    await victim.sees(victim.page, 'Nobody is signed in: login_required')
    await mallory.leaves()
    await victim.leaves()
  })

  await step('Ada signs out, and every app is over with her session', async () => {
    const view = await Person.arrives(world, 'ada')
    await loads(view, await launch(florist))
    await view.sees(view.page, /^Signed in as/)
    const { refresh_token } = florist.signedIn().at(-1)
    await florist.refreshes(refresh_token)
    await ada.goesTo(`${portico}/sign-out`)
    await ada.page.locator('#logout').click()
    await ada.page.locator('#logout').waitFor({ state: 'detached' })
    await assert.rejects(florist.refreshes(refresh_token), { error: 'invalid_grant' })
    await view.context.clearCookies({ name: 'app' })
    await view.goesTo(`${florist.origin}/open`)
    await view.sees(view.page, 'Nobody is signed in: login_required')
    await view.leaves()
  })

  const told = [...florist.referrers, ...bakery.referrers].filter(Boolean).join(' ')
  assert.ok(!told.includes('pt_') && !told.includes(pkce.verifier), told)
  await ada.leaves()
  for (const one of [nova, florist, bakery]) one.closes()
}
