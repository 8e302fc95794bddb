// The tour that the demonstration prints, walked from its first step to its last.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'

export const title = 'The tour: sign in once, open, allow, take back, sign out'
export const onBothDatabases = true

export async function journey(world) {
  const { demo, step } = world
  const ada = await Person.arrives(world, 'ada')
  let market
  let taxi

  await step('Ada signs in once, at Nova', () => ada.signsInAtNova())

  await step('The sheet rises over Market, with her own values', async () => {
    market = await ada.opens('market')
    const sheet = ada.sheet()
    await ada.seesSheet(sheet)
    await ada.sees(sheet, 'Ada Lindqvist')
    assert.equal(await sheet.locator('input[name=password]').count(), 0)
    assert.ok(await sheet.locator('input[name=scope][value="phone.verified"]').isChecked())
  })

  await step('She allows the name, not the phone; Market greets her by name and copes', async () => {
    await ada.unticks(ada.sheet(), 'phone.verified')
    await ada.decides(ada.sheet(), 'allow')
    await ada.sees(market, /Hello, Ada/)
    await ada.sees(market, "We can't text you when it arrives.")
    await ada.sees(market, 'Share now')
    await ada.seesNo(market, /\+46705550142/)
  })

  await step('Her cart keeps what she puts into it', async () => {
    await market.locator('form[action="/cart/add"] button').first().click()
    await market.locator('form[action="/cart/remove"] button').first().waitFor()
  })

  const marketsPage = ada.page
  await step('Taxi asks for no password, only for what it wants', async () => {
    ada.page = await ada.context.newPage()
    taxi = await ada.opens('taxi')
    const sheet = ada.sheet()
    await ada.seesSheet(sheet)
    assert.equal(await sheet.locator('input[name=password]').count(), 0)
    await ada.decides(sheet, 'allow')
    await sheet.locator('button[name=decision][value=withhold]').waitFor()
    await ada.sees(sheet, /Lantern Street/)
    await ada.decides(sheet, 'allow')
    await ada.sees(taxi, /Lantern Street/)
    await taxi.locator('form[action="/ride"], form[action^="/ride"]').first().waitFor()
  })
  const taxisPage = ada.page

  const { client_id: marketId } = demo.clients.market
  const { client_id: taxiId } = demo.clients.taxi
  await step('Her account page lists both, what each knows, since when, last used', async () => {
    ada.page = await ada.context.newPage()
    await ada.goesToAccount()
    const rowOf = (id) => ada.page.locator(`#program-${id}`)
    await ada.sees(rowOf(marketId), 'Ada Lindqvist')
    await ada.seesNo(rowOf(marketId), /\+46/)
    await ada.sees(rowOf(taxiId), /Lantern Street/)
    for (const id of [marketId, taxiId]) assert.match(await rowOf(id).innerText(), /20\d\d/)
  })

  await step('She takes her name back from Market', async () => {
    await ada.page.locator(`button[name=take_back][value="${marketId} profile.basic"]`).click()
    await ada.page.locator(`button[name=reopen][value="${marketId} profile.basic"]`).waitFor()
    await ada.seesNo(ada.page.locator(`#program-${marketId}`), 'Ada Lindqvist')
  })

  await step("Market's next opening lacks the name and says so, without a sheet", async () => {
    ada.page = marketsPage
    market = await ada.opens('market')
    await ada.sees(market, 'You no longer share your name with Market.')
    await ada.seesNo(market, /Hello, Ada/)
    await market.locator('form[action="/cart/remove"] button').first().waitFor()
  })

  await step('Opened once more, Market asks nothing: the answer is remembered', async () => {
    const pages = []
    const note = (frame) => pages.push(new URL(frame.url()))
    ada.page.on('framenavigated', note)
    market = await ada.opens('market')
    await ada.sees(market, 'You no longer share your name with Market.')
    ada.page.off('framenavigated', note)
    const sheets = pages.filter((url) => url.origin === demo.addresses.portico)
    assert.deepEqual(sheets.map((url) => url.pathname), [], 'pages of Portico on the way')
  })

  await step('Signed out everywhere, every open program is locked at once', async () => {
    ada.page = await ada.context.newPage()
    await ada.signsOutEverywhere()
    for (const page of [marketsPage, taxisPage]) {
      await page.locator('#locked').waitFor()
      assert.ok(await page.locator('.portico-program iframe').isHidden())
    }
  })

  await step('Nova knows nobody any more', async () => {
    await ada.goesTo(demo.addresses.app)
    await ada.page.locator('#sign-in').waitFor()
  })
  await ada.leaves()
}
