// Every page, looked at: small and large, light and dark, from the left and from the right, and
// through axe-core. The pictures are for people to look at.

import { look } from '../look.mjs'
import { Person } from '../person.mjs'

export const title = 'Every page can be read by everybody'

export async function journey(world) {
  const { demo, step } = world
  const { portico, app, market, taxi, bank } = demo.addresses
  const ada = await Person.arrives(world, 'ada')
  const { page } = ada
  const shows = (name) => step(name, () => look(page, name))

  const discovery = await ada.goesTo(`${portico}/.well-known/openid-configuration`)
  const { authorization_endpoint: endpoint } = await discovery.json()

  await ada.goesTo(app)
  await shows('nova-welcome')
  await page.locator('#sign-in').click()
  await page.locator('#password').waitFor()
  await shows('sign-in-to-nova')
  await ada.typesPassword(page, 'not the password')
  await page.locator('#problem').waitFor()
  await shows('sign-in-wrong')
  await ada.typesPassword()
  await page.waitForURL(`${app}/**`)
  await shows('nova-home')

  await ada.opens('market')
  await ada.seesSheet(ada.sheet())
  await shows('nova-consent-in-frame')
  await ada.goesTo(`${market}/open`)
  await ada.seesSheet(page)
  await shows('consent')
  await ada.decides(page, 'deny')
  await page.waitForURL(`${market}/**`)
  await shows('market-refused')

  await ada.goesTo(`${market}/open`)
  await ada.unticks(page, 'phone.verified')
  await ada.decides(page, 'allow')
  await page.waitForURL(`${market}/**`)
  await page.locator('form[action="/cart/add"] button').first().click()
  await shows('market-without-phone')
  await ada.opens('market')
  await ada.sees(ada.frame(), /Hello, Ada/)
  await shows('nova-market')

  await ada.goesTo(`${taxi}/open`)
  await ada.seesSheet(page)
  await ada.decides(page, 'allow')
  await page.locator('#withhold').waitFor()
  await shows('consent-addresses')
  await ada.decides(page, 'allow')
  await page.waitForURL(`${taxi}/**`)
  await shows('taxi')

  await ada.goesTo(`${bank}/open`)
  await page.locator('#withhold').waitFor()
  await shows('consent-kyc')
  await ada.decides(page, 'allow')
  await ada.sees(page, 'Visa •••• 4242')
  await shows('consent-cards')
  await ada.decides(page, 'allow')
  await page.waitForURL(`${bank}/**`)
  await shows('bank')

  await ada.goesToAccount()
  await shows('account')
  const { client_id } = demo.clients.market
  await page.locator(`button[name=take_back][value="${client_id} profile.basic"]`).click()
  await page.locator('#notice').waitFor()
  await shows('account-taken-back')
  for (const part of ['sessions', 'password', 'history']) {
    await ada.goesToAccount(`/${part}`)
    await shows(`account-${part}`)
  }

  await ada.goesTo(`${market}/open`)
  await page.waitForURL(`${market}/`)
  await shows('market-without-name')
  await ada.goesTo(`${market}/no-such-page`)
  await shows('market-not-found')
  await ada.goesTo(`${portico}/no-such-page`)
  await shows('not-found')
  await ada.goesTo(authorization(endpoint, demo, { redirect_uri: 'https://attacker.example/' }))
  await shows('error-redirect-uri')
  await ada.goesTo(authorization(endpoint, demo, { prompt: 'select_account' }))
  await page.locator('#other').waitFor()
  await shows('choose-account')
  await ada.goesTo(authorization(endpoint, demo, { prompt: 'login' }))
  await page.locator('#password').waitFor()
  await shows('sign-in-again')

  await ada.goesTo(`${market}/`)
  await page.locator('#leave-link, a[href*="id_token_hint"]').first().click()
  await page.locator('#leave').waitFor()
  await shows('sign-out-of-market')
  await ada.decides(page, 'leave')
  await page.waitForURL((url) => !url.pathname.startsWith('/logout'))
  await shows('left-market')

  await ada.goesTo(`${portico}/sign-out`)
  await page.locator('#logout').waitFor()
  await shows('sign-out')
  await ada.decides(page, 'logout')
  await page.locator('main').waitFor()
  await shows('signed-out')
  await ada.goesTo(`${taxi}/`)
  await ada.sees(page, /Your session ended/)
  await shows('taxi-locked')
  await ada.leaves()
}

// An authorization request of Market's that Market itself would not make.
function authorization(endpoint, demo, parameters) {
  const url = new URL(endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: demo.clients.market.client_id,
    redirect_uri: `${demo.addresses.market}/callback`,
    scope: 'openid profile.basic phone.verified',
    state: 'a state that Market did not make',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...parameters,
  })
  return url.href
}
