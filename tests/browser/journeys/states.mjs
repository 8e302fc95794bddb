// People who have less, or say no: what each program says then, inside Nova's frame and outside.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person } from '../person.mjs'

export const title = 'People with less, and people who say no'

export async function journey(world) {
  const { demo, step } = world
  const { app, market, portico } = demo.addresses
  const grace = await Person.arrives(world, 'grace')
  const linus = await Person.arrives(world, 'linus')

  await step('Grace has no telephone: the sheet says so, and Market copes', async () => {
    await grace.signsInAtNova()
    const market = await grace.opens('market')
    const sheet = grace.sheet()
    await grace.seesSheet(sheet)
    await grace.sees(sheet, 'You have no verified phone number yet')
    await look(grace.page, 'grace-consent-in-frame')
    await grace.decides(sheet, 'allow')
    await grace.sees(market, /Hello, Grace/)
    await look(grace.page, 'grace-market')
  })

  await step('Close brings her back to the home screen', async () => {
    await grace.page.locator('#close').click()
    await grace.page.waitForURL(`${app}/`)
    await grace.page.locator('#open-taxi').waitFor()
  })

  await step('She says Not now to Taxi; nothing was shared, and Taxi asks again when she taps for it', async () => {
    const taxi = await grace.opens('taxi')
    await grace.seesSheet(grace.sheet())
    await grace.decides(grace.sheet(), 'deny')
    await grace.sees(taxi, 'Nothing was shared.')
    await look(grace.page, 'grace-taxi-refused')
    await grace.page.locator('#reopen').click()
    await taxi.locator('[data-scope="addresses"] a').click()
    await grace.sees(grace.sheet(), 'You have no addresses yet')
    await look(grace.page, 'grace-consent-addresses')
    await grace.decides(grace.sheet(), 'allow')
    await grace.sees(taxi, 'Your profile has no saved addresses.')
    await taxi.locator('#to').fill('Lantern Street 12')
    await taxi.locator('#quote').click()
    await taxi.locator('#ride').click()
    await taxi.locator('#rides').waitFor()
    await look(grace.page, 'grace-taxi')
  })

  await step('Her identity was never checked: Bank hides the balance', async () => {
    const bank = await grace.opens('bank')
    await grace.sees(grace.sheet(), 'Your identity was not checked yet')
    await grace.decides(grace.sheet(), 'allow')
    await grace.sees(grace.sheet(), 'You have no payment methods yet')
    await grace.decides(grace.sheet(), 'withhold')
    await bank.locator('#balance').waitFor()
    assert.equal(await bank.locator('#transfer').count(), 0)
    await look(grace.page, 'grace-bank')
  })

  await step("Linus's check is not finished: Bank says so, and shows his card", async () => {
    await linus.signsInAtNova()
    const bank = await linus.opens('bank')
    await linus.sees(linus.sheet(), /Being checked/)
    await linus.decides(linus.sheet(), 'allow')
    await linus.sees(linus.sheet(), /1881/)
    await linus.decides(linus.sheet(), 'allow')
    await linus.sees(bank, /Your identity check/)
    assert.equal(await bank.locator('#transfer').count(), 0)
    await look(linus.page, 'linus-bank')
  })

  await step('Account on the home screen is his account page, and leads back to Nova', async () => {
    await linus.goesTo(app)
    await linus.page.locator('#open-account').click()
    await linus.page.waitForURL(`${portico}/account`)
    await linus.sees(linus.page, 'Linus Okoro')
    await look(linus.page, 'linus-account')
    await linus.page.locator('#back').click()
    await linus.page.waitForURL(`${app}/`)
  })

  await step('"Share now" asks for the telephone that he left out', async () => {
    const frame = await linus.opens('market')
    await linus.seesSheet(linus.sheet())
    await linus.unticks(linus.sheet(), 'phone.verified')
    await linus.decides(linus.sheet(), 'allow')
    await frame.getByText('Share now').click()
    const again = linus.frame()
    await linus.seesSheet(linus.sheet())
    await look(linus.page, 'linus-share-now')
    await linus.decides(linus.sheet(), 'allow')
    await linus.sees(again, /You share your phone number with Market now/)
    await look(linus.page, 'linus-market-with-phone')
    await again.locator('form[action="/cart/add"] button').first().click()
    await again.locator('#order').click()
    await linus.sees(again, /Thank you\. Order/)
    await look(linus.page, 'linus-market-ordered')
  })

  await step('On the page of its own he leaves Market, and only Market', async () => {
    await linus.goesTo(`${market}/`)
    await linus.page.locator('#leave').click()
    await linus.page.locator('button#leave').click()
    await linus.page.waitForURL(`${market}/signed-out`)
    const bank = await linus.opens('bank')
    await linus.sees(bank, /Your identity check/)
  })

  await step('A password that is too short is told, and a page of nobody has expired', async () => {
    const stranger = await Person.arrives(world, 'ada')
    await stranger.goesToAccount('/password')
    await stranger.typesPassword()
    await stranger.goesToAccount('/password')
    await stranger.page.locator('#current-password').fill('not the password')
    await stranger.page.locator('#new-password').fill('short')
    await stranger.page.locator('#change-password').click()
    await stranger.page.locator('.problem').first().waitFor()
    await look(stranger.page, 'password-problem')
    await stranger.goesToAccount()
    await look(stranger.page, 'account-with-little')
    await stranger.goesTo(`${portico}/consent?step=nonsense`)
    await look(stranger.page, 'error-step-expired')
    await stranger.leaves()
  })
  await step('When the operator suspends Market, its people read that it is not available', async () => {
    demo.command('mini-program', 'suspend', demo.clients.market.client_id)
    await linus.goesTo(demo.addresses.app)
    await linus.sees(linus.page.locator('main'), 'not available')
    assert.equal(await linus.page.locator('a[href$="/open/market"]').count(), 0)
    await look(linus.page, 'market-suspended')
    // An address of before leads to where that is said.
    await linus.goesTo(`${demo.addresses.app}/open/market`)
    await linus.sees(linus.page.locator('main'), 'not available')
  })
  await grace.leaves()
  await linus.leaves()
}
