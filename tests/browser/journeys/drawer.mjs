// Behind the scenes: each exchange appears beside the phone as it happens, without a secret; the operator's
// buttons do what they say, also pressed twice, and the drawer says how fast the lock was.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person } from '../person.mjs'

export const title = 'Behind the scenes: what is said to Portico, live, and an operator who acts'
export const onBothDatabases = true

const DESK = { width: 1280, height: 800 }

export async function journey(world) {
  const { demo, step } = world
  const { app } = demo.addresses
  const ada = await Person.arrives(world, 'ada')
  const { page } = ada
  const sent = []
  ada.context.on('response', (answer) => {
    if (new URL(answer.url()).pathname === '/exchanges') sent.push(answer.text().catch(() => ''))
  })
  const violations = []
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) violations.push(message.text())
  })
  await page.setViewportSize(DESK)
  const exchanges = page.locator('#exchanges > li')
  const says = (words, where = page) => where.locator('#exchanges .says', { hasText: words }).first().waitFor()
  const said = (words) => page.locator('#operator-said', { hasText: words }).waitFor()
  const locks = async () => {
    await page.locator('#locked').waitFor()
    assert.match(await page.locator('#scenes-lock-ms').textContent(), /^\d+ ms$/)
    assert.ok(await page.locator('#operate-end').isDisabled(), 'nobody is there to end')
  }
  const signsInAgain = async () => {
    const opened = page.waitForEvent('popup')
    await page.locator('#sign-in-again').click()
    const popup = await opened
    await ada.typesPassword(popup)
    await page.locator('#locked').waitFor({ state: 'hidden' })
  }

  await step('Before anybody signs in the drawer says what will be there', async () => {
    await page.goto(app)
    await page.locator('#tab-scenes').click()
    assert.ok(await page.locator('#scenes-empty').isVisible())
    assert.ok(await page.locator('#operate-end').isDisabled())
    assert.equal(await exchanges.count(), 0)
    await look(page, 'drawer-empty')
  })

  await step('A launch appears in it, exchange by exchange, each with a sentence and its time', async () => {
    await ada.signsInAtNova()
    await page.goto(app)
    await says('Nova trades the code of the sign-in for tokens.')
    await page.locator('#open-market').click()
    await ada.allowsEverything()
    await ada.sees(ada.frame(), /Hello, Ada/)
    await says('Market asks for something that the person has not decided yet')
    await says('Nova gets a code for Market')
    await says("Market's backend trades the code for tokens of its own.")
    await says("Market's backend asks whether its token still stands")
    for (const exchange of await page.locator('#exchanges > .asked').all()) {
      assert.match(await exchange.locator('.took').textContent(), /^(< 1|\d+) ms$/)
    }
    assert.equal(await page.locator('#operate-end').textContent(), 'End Ada’s session')
  })

  await step('Opened by the keyboard, a token is decoded and explained, and its secrets are masked', async () => {
    const redeemed = exchanges.filter({ hasText: "Market's backend trades the code" }).first()
    await redeemed.locator('summary').focus()
    await page.keyboard.press('Enter')
    const rows = redeemed.locator('.rows')
    await rows.getByText('id_token, decoded').waitFor()
    await rows.getByText('the person, under an id that only this program has').first().waitFor()
    const code = rows.locator('tr', { has: page.locator('th', { hasText: /^code$/ }) })
    assert.match(await code.textContent(), /masked/)
    await look(page, 'drawer-exchange')
  })

  await step('The tabs are moved by arrows, and remembered', async () => {
    await page.locator('#tab-scenes').focus()
    await page.keyboard.press('ArrowLeft')
    assert.ok(await page.locator('#note').isVisible())
    assert.ok(await page.locator('#scenes').isHidden())
    await page.keyboard.press('ArrowRight')
    assert.ok(await page.locator('#scenes').isVisible())
  })

  await step('A reload shows what was', async () => {
    await ada.goesHome()
    const before = await exchanges.count()
    await page.reload()
    await says("Market's backend trades the code")
    assert.ok((await exchanges.count()) >= before)
  })

  await step('A second tab shows the same, and both hear what is new; one of them listens', async () => {
    const streams = []
    ada.context.on('request', (request) => {
      if (new URL(request.url()).pathname === '/exchanges/live') streams.push(request)
    })
    const other = await ada.context.newPage()
    await other.setViewportSize(DESK)
    await other.goto(app)
    await other.locator('#tab-scenes').click()
    await says("Market's backend trades the code", other)
    // The pointer does not reach a frame of another site in a tab that nobody looks at.
    await page.bringToFront()
    await page.locator('#open-taxi').click()
    await ada.allowsEverything()
    await ada.sees(ada.frame(), 'Where to, Ada')
    for (const tab of [page, other]) await says("Taxi's backend trades the code", tab)
    assert.equal(streams.length, 0, 'the first tab listens already')
    await other.close()
  })

  await step('Where the page is narrow there is no drawer, and nothing is asked', async () => {
    const small = await ada.context.newPage()
    const asked = []
    small.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await small.setViewportSize({ width: 999, height: 800 })
    await small.goto(app)
    await small.locator('#open-market').waitFor()
    assert.ok(await small.locator('#scenes').isHidden())
    assert.ok(!asked.some((path) => path.startsWith('/exchanges')), String(asked))
    await small.close()
  })

  await step('Somebody else sees nothing of it', async () => {
    const linus = await Person.arrives(world, 'linus')
    await linus.page.setViewportSize(DESK)
    await linus.signsInAtNova()
    await linus.page.goto(app)
    await says('Nova trades the code of the sign-in for tokens.', linus.page)
    for (const words of ['gets a code for', 'backend trades the code', "backend asks whether its token still stands"]) {
      assert.equal(await linus.page.locator('#exchanges .says', { hasText: words }).count(), 0, words)
    }
    await linus.leaves()
  })

  await step('Keys are rotated twice, and a launch still works', async () => {
    for (let pressed = 0; pressed < 2; pressed += 1) {
      await page.locator('#operate-rotate').click()
      await page.locator('#exchanges > .done').nth(pressed).waitFor()
    }
    await said('An operator rotated the keys.')
    await ada.goesHome()
    await page.locator('#open-bank').click()
    await ada.allowsEverything()
    await ada.sees(ada.frame(), /Balance/)
    await says("Bank's backend fetches Portico's public keys")
  })

  await step('Market is suspended, twice: it is covered, and does not open', async () => {
    await ada.goesHome()
    await page.locator('#open-market').click()
    await ada.sees(ada.frame(), /Hello, Ada/)
    await page.locator('#operate-suspend').click()
    await page.locator('.portico-cover', { hasText: 'not available at the moment' }).waitFor()
    await page.locator('#operate-suspend').click()
    await said('An operator suspended Market')
    await says('Portico says that Market was suspended.')
    await look(page, 'drawer-suspended')
  })

  await step('Market is let back, twice, and opens', async () => {
    for (let pressed = 0; pressed < 2; pressed += 1) await page.locator('#operate-release').click()
    await said('An operator let Market back in.')
    await page.locator('.portico-program:not([hidden]) .portico-cover').getByText('Close').click()
    await page.locator('#open-market').click()
    await ada.sees(ada.frame(), /Hello/)
  })

  await step('The operator ends her session: everything locks, and the drawer says after how long', async () => {
    await page.locator('#operate-end').dblclick()
    await locks()
    await says('an operator ended it')
    await says("Bank's backend is sent a logout token")
    await says("Taxi's backend hears on its stream that this stay is over")
    await look(page, 'drawer-locked')
  })

  await step('A reload then shows the welcome, and beside it what led there', async () => {
    const other = await ada.context.newPage()
    await other.setViewportSize(DESK)
    await other.goto(app)
    await other.locator('#tab-scenes').click()
    await says('an operator ended it', other)
    await other.close()
  })

  await step('She signs in again, and the drawer goes on', async () => {
    await signsInAgain()
    assert.ok(await page.locator('#scenes-lock').isHidden())
    await page.locator('#operate-expire:enabled').waitFor()
    await says('Nova trades the code of the sign-in for tokens.')
  })

  await step("Her session's time is over: Portico's timer ends it, and everything locks", async () => {
    await page.locator('#operate-expire').dblclick()
    await locks()
    await page.locator('#locked-reason', { hasText: 'Your session is over.' }).waitFor()
    await says("the session's time is over")
  })

  await step('The audit names the operator of the drawer', () => {
    const { entries } = demo.command('audit', '--operator', 'demo')
    const by = entries.map(({ action }) => action)
    for (const action of ['client.suspended', 'client.released', 'keys.rotated', 'session.ended', 'session.expired']) {
      assert.ok(by.includes(action), `${action} is not in ${by}`)
    }
  })

  await step('No secret was in what the drawer was sent, and no rule of the page was broken', async () => {
    const all = (await Promise.all(sent)).join('\n')
    assert.ok(all.includes('token-exchange'))
    for (const { client_secret } of Object.values(demo.clients)) assert.ok(!all.includes(client_secret))
    for (const secret of [/eyJ[\w-]+/, /\bp[clirspbk]_[\w-]{20,}/, /Lindqvist/, /6705550142/]) assert.doesNotMatch(all, secret)
    assert.deepEqual(violations, [])
  })
  await ada.leaves()
}
