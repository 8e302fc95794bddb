// Nova as a super app: programs open in frames without a redirect, stay open, are switched, wear what the
// host wears, and ask on the host's own sheet.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person, everythingIn } from '../person.mjs'

export const title = 'Launch: a tile opens its program over the bridge, without a redirect'
export const onBothDatabases = true

export async function journey(world) {
  const { demo, step } = world
  const { app, portico, market, taxi } = demo.addresses
  const ada = await Person.arrives(world, 'ada')
  const { page } = ada
  const redirects = []
  const visited = []
  page.on('response', (answer) => {
    if (answer.status() >= 300 && answer.status() < 400) redirects.push(answer.url())
  })
  page.on('framenavigated', (frame) => visited.push(frame.url()))

  await step('A tile opens Market; the sheet rises as Nova\'s own', async () => {
    await ada.signsInAtNova()
    await page.goto(app)
    redirects.length = 0
    visited.length = 0
    await page.locator('#open-market').click()
    const sheet = ada.sheet()
    await ada.seesSheet(sheet)
    await ada.sees(sheet, 'Ada Lindqvist')
    assert.ok(await page.locator('.portico-program iframe').evaluate((frame) => frame.inert), 'the program waits')
    await look(page, 'launch-sheet')
  })

  await step('She leaves her telephone out and allows the rest: Market greets her', async () => {
    await ada.unticks(ada.sheet(), 'phone.verified')
    await ada.decides(ada.sheet(), 'allow')
    await ada.sees(ada.frame(), /Hello, Ada/)
    await look(page, 'launch-market')
  })

  await step('Nothing was redirected, and no page of Portico was on the way but the sheet', () => {
    assert.deepEqual(redirects, [])
    const pages = visited.filter((url) => url.startsWith(portico)).map((url) => new URL(url).pathname)
    assert.deepEqual([...new Set(pages)], ['/interaction'])
    assert.ok(!visited.some((url) => /[?&](code|access_token|nonce)=/.test(url)), String(visited))
  })

  await step('The frame cannot move Nova, and its page keeps nothing', async () => {
    const frame = page.locator('.portico-program iframe')
    assert.equal(await frame.getAttribute('sandbox'), 'allow-scripts allow-same-origin allow-forms')
    const inside = page.frames().find((one) => one.url().startsWith(market))
    const { localStorage, sessionStorage, cookie } = await everythingIn(inside)
    assert.deepEqual({ localStorage, sessionStorage, cookie }, { localStorage: {}, sessionStorage: {}, cookie: '' })
  })

  await step('Forms work as they do alone', async () => {
    await ada.frame().locator('#add-tea').click()
    await ada.frame().locator('#remove-tea').waitFor()
  })

  await step('Back shows the home screen; Market stays open, and Taxi opens beside it', async () => {
    await page.goBack()
    await page.locator('#open-taxi').waitFor()
    assert.ok(await page.locator('#stage').isHidden())
    await look(page, 'launch-home-with-market-open')
    await page.locator('#open-taxi').click()
    await ada.allowsEverything()
    await ada.sees(ada.frame(), 'Where to, Ada')
    assert.equal(page.url(), `${app}/`)
  })

  await step('She switches, and finds her cart as it was, without a request', async () => {
    let asked = 0
    page.on('request', (request) => (asked += request.url().startsWith(market) ? 1 : 0))
    await page.locator('#switch-market').click()
    await ada.frame().locator('#remove-tea').waitFor()
    assert.equal(asked, 0)
    await look(page, 'launch-switched')
  })

  await step('A theme that she chooses reaches both programs, and so does a language', async () => {
    await page.locator('#home-button').click()
    await page.locator('#theme').selectOption('dark')
    await page.locator('#language').selectOption('ru')
    for (const origin of [market, taxi]) {
      const inside = page.frames().find((one) => one.url().startsWith(origin))
      await inside.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
      await inside.waitForFunction(() => document.querySelector('.lead').lang === 'ru')
      assert.equal(await inside.evaluate(() => getComputedStyle(document.body).colorScheme), 'dark')
    }
    assert.ok(await page.locator('#tile-title', { hasText: 'Вы решаете' }).isVisible())
    await page.locator('#language').selectOption('en')
    await page.locator('#theme').selectOption('')
  })

  await step('"Share now" asks on the sheet, and nobody leaves the page', async () => {
    await page.locator('#open-market').click()
    await ada.frame().getByText('Share now').click()
    await ada.allowsEverything()
    await ada.sees(ada.frame(), 'You share your phone number with Market now.')
    await ada.frame().locator('#remove-tea').waitFor()
  })

  await step('What she takes back in Settings shows in the open program at once', async () => {
    const settings = await ada.context.newPage()
    await settings.goto(`${portico}/account`)
    await settings.locator(`button[name=take_back][value="${demo.clients.market.client_id} profile.basic"]`).click()
    await settings.locator('#notice').waitFor()
    await ada.sees(ada.frame(), 'You no longer share your name with Market.')
    await settings.close()
  })

  await step('A deep link opens its program at a path, and gives nothing else', async () => {
    const asked = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${app}/open/taxi?path=/%23rides&from=mail`)
    await ada.sees(ada.frame(), 'Where to, Ada')
    assert.equal(page.url(), `${app}/`)
    const inside = page.frames().find((one) => one.url().startsWith(taxi))
    assert.equal(inside.url(), `${taxi}/#rides`)
    const entries = asked.filter((url) => url.startsWith(`${taxi}/open`))
    assert.deepEqual(entries, [`${taxi}/open`])
  })

  await step('Close ends a program, and the home screen is back', async () => {
    await page.locator('#close').click()
    await page.locator('#open-taxi').waitFor()
    assert.equal(await page.locator('.portico-program').count(), 0)
  })
  await ada.leaves()
}
