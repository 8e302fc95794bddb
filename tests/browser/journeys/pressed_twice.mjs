// Fingers that press a button twice before the first answer is there: the browser gives that answer up
// and waits for the second one, which must be as good.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'
import { authorization, pkce, registers, site } from '../stranger.mjs'

export const title = 'A button pressed twice does what was pressed'
export const onBothDatabases = true

/** Milliseconds between the two presses. */
const GAPS = [60, 130, 200]
/** An answer takes so long that it comes after the second press. */
const LATENCY = 350

export async function journey(world) {
  const { demo, step } = world
  const { app, bank, portico } = demo.addresses
  const shop = await site({ '/done': 'Welcome to Shop.' })
  const redirect_uri = `${shop.origin}/done`
  const client_id = registers(demo, { client_name: 'Shop', redirect_uris: [redirect_uri] })
  const asks = (more = {}) => authorization(`${portico}/authorize`, { client_id, redirect_uri, state: 's', ...more })
  const ada = await Person.arrives(world, 'ada')
  const fingers = await Fingers.of(ada, portico)

  /** Waits for the program's answer; gives its parameters. */
  const arrives = async () => {
    await ada.page.waitForURL(`${redirect_uri}?**`)
    fingers.sawNothingElse()
    return new URL(ada.page.url()).searchParams
  }
  const arrivesWithACode = async () => {
    const answer = await arrives()
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.get('code'),
      redirect_uri,
      client_id,
      code_verifier: pkce.verifier,
    })
    const redeemed = await fetch(`http://127.0.0.1:${new URL(portico).port}/token`, { method: 'POST', body })
    assert.equal(redeemed.status, 200, await redeemed.text())
  }

  /** A page says why it leads nowhere, and leads on to Nova. */
  const leadsOn = async (page, words) => {
    await ada.sees(page, words)
    await page.locator('#open').click()
    await page.waitForURL(`${app}/**`)
  }

  await step('Sign in, at Nova', async () => {
    for (const gap of GAPS) {
      await ada.goesTo(app)
      await ada.page.locator('#sign-in').click()
      await ada.page.waitForURL(`${portico}/**`)
      await ada.page.locator('input[name=username]').fill(ada.username)
      await ada.page.locator('input[name=password]').fill(ada.password)
      await fingers.pressTwice('#sign-in', gap)
      await ada.page.waitForURL(`${app}/**`)
      await ada.page.locator('a[href$="/open/market"]').waitFor()
      fingers.sawNothingElse()
      await ada.goesToAccount('/sessions')
      assert.equal(await ada.page.locator('.row').count(), 1, 'one session')
      if (gap !== GAPS.at(-1)) await ada.signsOutEverywhere()
    }
  })

  await step('Not now, on the sheet', async () => {
    for (const gap of GAPS) {
      await ada.goesTo(asks())
      await fingers.pressTwice('#deny', gap)
      assert.equal((await arrives()).get('error'), 'access_denied')
    }
  })

  await step('Allow, on the sheet', async () => {
    for (const gap of GAPS) {
      await ada.goesTo(asks({ prompt: 'consent' }))
      await fingers.pressTwice('#allow', gap)
      await arrivesWithACode()
    }
  })

  await step('Continue, in the account chooser: the sheet comes, and is not answered', async () => {
    for (const gap of GAPS) {
      await ada.goesTo(asks({ prompt: 'select_account' }))
      await fingers.pressTwice('#continue', gap)
      await ada.page.waitForURL(`${portico}/consent?**`)
      await ada.decides(ada.page, 'allow')
      await arrivesWithACode()
    }
  })

  await step('Allow, on the page of a sensitive thing: the next one comes, and is not answered', async () => {
    await ada.goesTo(`${bank}/open`)
    await ada.sees(ada.page, 'Share the result of your identity check with Bank?')
    await fingers.pressTwice('#allow', GAPS[1])
    await ada.sees(ada.page, 'Visa •••• 4242')
    await fingers.pressTwice('#allow', GAPS[0])
    await ada.page.waitForURL(`${bank}/**`)
    await ada.page.locator('#transfer').waitFor()
    fingers.sawNothingElse()
  })

  await step('Change password', async () => {
    let current = ada.password
    for (const [number, gap] of GAPS.entries()) {
      const next = `seven green bicycles ${number}`
      await ada.goesToAccount('/password')
      await ada.page.locator('#current-password').fill(current)
      await ada.page.locator('#new-password').fill(next)
      await fingers.pressTwice('#change-password', gap)
      await ada.sees(ada.page, 'Your password is changed.')
      fingers.sawNothingElse()
      current = next
    }
    ada.password = current
  })

  await step('Sign out', async () => {
    for (const gap of GAPS) {
      await ada.goesTo(`${portico}/sign-out`)
      await fingers.pressTwice('#logout', gap)
      await ada.sees(ada.page, 'You are signed out')
      fingers.sawNothingElse()
      await ada.goesToAccount()
      await ada.typesPassword()
      await ada.page.waitForURL(`${portico}/account`)
    }
  })

  await step('Back, at once, leads into the program again', async () => {
    await ada.goesTo(asks({ prompt: 'consent' }))
    await ada.decides(ada.page, 'allow')
    await arrivesWithACode()
    await ada.page.goBack()
    await arrivesWithACode()
  })

  await step('A tab that is opened once more leads there, too', async () => {
    await ada.goesTo(asks({ prompt: 'consent' }))
    const sheet = ada.page.url()
    await ada.decides(ada.page, 'allow')
    await arrivesWithACode()
    await ada.goesTo(sheet)
    await arrivesWithACode()
  })

  await step('Two tabs of a new browser, at once: each works, or says why not and leads on', async () => {
    const context = await world.browser.newContext()
    const tabs = [await context.newPage(), await context.newPage()]
    await Promise.all(tabs.map((tab) => tab.goto(asks())))
    const asked = []
    for (const tab of tabs) {
      await tab.reload()
      if (await tab.locator('#sign-in').count()) asked.push(tab)
      else await leadsOn(tab, 'This page does not belong to this browser')
    }
    assert.notEqual(asked.length, 0)
    for (const tab of asked) {
      if (await tab.locator('input[name=username]').count()) await tab.locator('input[name=username]').fill(ada.username)
      await tab.locator('input[name=password]').fill(ada.password)
      await tab.locator('#sign-in').click()
      await tab.waitForURL(`${portico}/consent?**`)
    }
    await context.close()
  })

  await step('Cookies that are lost while a page is open are missed in words, and the way on is there', async () => {
    await ada.goesTo(asks({ prompt: 'consent' }))
    await ada.context.clearCookies()
    await ada.page.locator('#allow').click()
    await leadsOn(ada.page, 'Your browser sent no cookie')
  })

  await step('An address that is none says so, and leads to Nova', async () => {
    await ada.goesTo(`${portico}/sign-in?step=nonsense`)
    await leadsOn(ada.page, 'This address leads nowhere')
  })
  shop.closes()
  await ada.leaves()
}

class Fingers {
  #page
  #network
  #posts = 0
  #refusals = []

  /** Fingers of a person; whatever Portico refuses meanwhile is noted. */
  static async of({ context, page }, portico) {
    const fingers = new Fingers()
    fingers.#page = page
    fingers.#network = await context.newCDPSession(page)
    await fingers.#network.send('Network.enable')
    page.on('request', (request) => {
      fingers.#posts += request.method() === 'POST' ? 1 : 0
    })
    page.on('response', (response) => {
      if (!response.url().startsWith(portico) || response.status() < 400) return
      fingers.#refusals.push(`${response.status()} ${response.url()}`)
    })
    return fingers
  }

  async pressTwice(selector, gap) {
    const button = this.#page.locator(selector)
    await button.click({ trial: true })
    const { x, y, width, height } = await button.boundingBox()
    const press = () => this.#page.mouse.click(x + width / 2, y + height / 2)
    await this.#answersTake(LATENCY)
    const before = this.#posts
    await press()
    await new Promise((settle) => setTimeout(settle, gap))
    await press()
    await this.#answersTake(0)
    await this.#untilPosts(before + 2, selector)
  }

  /** What is pressed is sent a moment later. */
  async #untilPosts(expected, selector) {
    for (let looks = 0; looks < 100 && this.#posts < expected; looks += 1) {
      await new Promise((settle) => setTimeout(settle, 20))
    }
    assert.equal(this.#posts, expected, `${selector} was sent twice`)
  }

  sawNothingElse() {
    assert.deepEqual(this.#refusals, [])
  }

  #answersTake(latency) {
    const conditions = { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 }
    return this.#network.send('Network.emulateNetworkConditions', conditions)
  }
}
