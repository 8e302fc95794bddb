// The same doors with JavaScript switched off: every page is a plain form.

import { Person } from '../person.mjs'

export const title = 'Without JavaScript: sign in, decide, take back, sign out'

export async function journey(world) {
  const { demo, step } = world
  const ada = await Person.arrives(world, 'ada', { javaScriptEnabled: false })

  await step('Ada signs in at Nova', () => ada.signsInAtNova())

  await step('She decides on the sheet of Market, in the frame', async () => {
    const market = await ada.opens('market')
    await ada.seesSheet(market)
    await ada.unticks(market, 'phone.verified')
    await ada.decides(market, 'allow')
    await ada.sees(market, /Hello, Ada/)
  })

  await step('She opens Bank in a page of its own and keeps her cards to herself', async () => {
    await ada.goesTo(`${demo.addresses.bank}/open`)
    await ada.page.locator('#withhold').waitFor()
    await ada.decides(ada.page, 'allow')
    await ada.sees(ada.page, 'Visa •••• 4242')
    await ada.decides(ada.page, 'withhold')
    await ada.page.waitForURL(`${demo.addresses.bank}/**`)
    await ada.sees(ada.page, "You don't share your cards with Bank.")
  })

  await step('She removes Bank on her account page', async () => {
    await ada.goesToAccount()
    await ada.page.locator(`button[name=revoke][value="${demo.clients.bank.client_id}"]`).click()
    await ada.page.locator('#notice').waitFor()
    await ada.seesNo(ada.page, 'Harbour Savings')
  })

  await step('She signs out everywhere', async () => {
    await ada.signsOutEverywhere()
    await ada.goesToAccount()
    await ada.page.locator('input[name=password]').waitFor()
  })
  await ada.leaves()
}
