// A program in the browser alone, as OpenID Connect libraries build it: it reads the addresses from
// another origin, signs in in a popup, and hears from the popup what came of it.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'
import { authorization, pkce, registers, site } from '../stranger.mjs'

export const title = 'In a popup: sign in and allow; the page that opened it hears of it'

export async function journey(world) {
  const { demo, step } = world
  const shop = await site({ '/callback': tellsItsOpener })
  const client_id = registers(demo, { client_name: 'Shop', redirect_uris: [`${shop.origin}/callback`] })
  shop.pages['/'] = opensAPopup({ demo, client_id, redirect_uri: `${shop.origin}/callback` })
  const ada = await Person.arrives(world, 'ada')
  let popup

  await step('The page reads the documents with a header of its own, and opens a popup', async () => {
    await ada.goesTo(shop.origin)
    await ada.page.locator('#sign-in:enabled').waitFor()
    const opened = ada.page.waitForEvent('popup')
    await ada.page.locator('#sign-in').click()
    popup = await opened
  })

  await step('Ada signs in there; the page can still reach the popup', async () => {
    await ada.typesPassword(popup)
    await ada.seesSheet(popup)
    assert.equal(await ada.page.evaluate(() => globalThis.popup.closed), false)
  })

  await step('She allows; the popup tells the page and closes, and the page redeems the code', async () => {
    const closed = popup.waitForEvent('close')
    await ada.decides(popup, 'allow')
    await closed
    await ada.sees(ada.page, 'Hello, Ada Lindqvist')
  })

  await step('A page of the account is out of reach for whoever opens it', async () => {
    const opened = ada.page.waitForEvent('popup')
    await ada.page.evaluate((account) => {
      globalThis.popup = globalThis.open(account)
    }, `${demo.addresses.portico}/account`)
    popup = await opened
    await ada.sees(popup, 'Ada Lindqvist')
    assert.equal(await popup.evaluate(() => globalThis.opener), null)
    assert.equal(await ada.page.evaluate(() => globalThis.popup.closed), true)
  })
  await ada.leaves()
  shop.closes()
}

const tellsItsOpener = `<!doctype html><title>Shop</title><script>
  opener.postMessage(Object.fromEntries(new URLSearchParams(location.search)), location.origin)
  close()
</script>`

function opensAPopup({ demo, client_id, redirect_uri }) {
  const { portico } = demo.addresses
  const request = authorization(`${portico}/authorize`, { client_id, redirect_uri, state: 'a state' })
  const redemption = { grant_type: 'authorization_code', client_id, redirect_uri, code_verifier: pkce.verifier }
  return `<!doctype html><title>Shop</title><button id="sign-in" disabled>Sign in</button><p id="result"></p><script type="module">
  const told = (words) => (document.getElementById('result').textContent = words)
  const read = async (address, headers) => (await fetch(address, { headers })).json()
  addEventListener('unhandledrejection', ({ reason }) => told(reason))
  addEventListener('message', async ({ data, origin }) => {
    if (origin !== location.origin || data.state !== 'a state') return told('a message from elsewhere')
    const body = new URLSearchParams({ ...${JSON.stringify(redemption)}, code: data.code })
    const { access_token } = await (await fetch(addresses.token_endpoint, { method: 'POST', body })).json()
    const { name } = await read(addresses.userinfo_endpoint, { authorization: 'Bearer ' + access_token })
    told('Hello, ' + name)
  })
  const own = { 'x-client-version': '1' }
  const addresses = await read('${portico}/.well-known/openid-configuration', own)
  await read(addresses.jwks_uri, own)
  const button = document.getElementById('sign-in')
  button.onclick = () => (globalThis.popup = open('${request}', 'sign-in', 'width=480,height=640'))
  button.disabled = false
</script>`
}
