// The pages of a journey with a browser that speaks Russian, looked at as every page is: longer words than
// English has, and what the programs say in Russian.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person } from '../person.mjs'

export const title = 'A journey in Russian'

export async function journey(world) {
  const { demo, step } = world
  const { portico, app, market, bank } = demo.addresses
  const ada = await Person.arrives(world, 'ada', { locale: 'ru-RU' })
  const { page } = ada
  const shows = (name) =>
    step(name, async () => {
      assert.equal(await page.locator('html').getAttribute('lang'), 'ru')
      await look(page, `ru-${name}`)
    })

  await ada.goesTo(app)
  await page.locator('#sign-in').click()
  await page.locator('#password').waitFor()
  await shows('sign-in')
  await ada.typesPassword(page, 'not the password')
  await page.locator('#problem').waitFor()
  await shows('sign-in-wrong')
  await ada.typesPassword()
  await page.waitForURL(`${app}/**`)

  await ada.goesTo(`${market}/open`)
  await ada.seesSheet(page)
  await ada.sees(page, 'Чтобы сообщить, что заказ приехал.')
  await shows('consent')
  await ada.unticks(page, 'phone.verified')
  await ada.decides(page, 'allow')
  await page.waitForURL(`${market}/**`)
  await ada.goesTo(`${bank}/open`)
  await page.locator('#withhold').waitFor()
  await shows('consent-kyc')
  await ada.decides(page, 'allow')
  await ada.sees(page, 'Visa •••• 4242')
  await shows('consent-cards')
  await ada.decides(page, 'allow')
  await page.waitForURL(`${bank}/**`)

  for (const part of ['', '/sessions', '/password', '/history', '/language']) {
    await ada.goesToAccount(part)
    await shows(`account${part.replace('/', '-')}`)
  }
  await ada.goesTo(`${portico}/no-such-page`)
  await shows('not-found')
  await ada.goesTo(`${portico}/authorize?client_id=nobody`)
  await shows('error-unknown-client')
  await ada.goesTo(`${portico}/sign-out`)
  await page.locator('#logout').waitFor()
  await shows('sign-out')

  await step('English, chosen, goes before the browser', async () => {
    await ada.goesToAccount('/language')
    await page.locator('#language-en').click()
    await page.locator('#language-en[aria-current]').waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.locator('#language-browser').click()
    await page.locator('#language-browser[aria-current]').waitFor()
  })

  await ada.goesTo(`${portico}/sign-out`)
  await ada.decides(page, 'logout')
  await page.waitForURL((url) => url.pathname !== '/sign-out' || url.search === '')
  await page.locator('main').waitFor()
  await shows('signed-out')
  await ada.leaves()
}
