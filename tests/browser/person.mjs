// A person of the demonstration with a browser: what they do and see, in their words.

import assert from 'node:assert/strict'

const PATIENCE = 15_000
const PHONE = { width: 390, height: 844 }

export class Person {
  /**
   * Gives a person a browser of their own, which knows nothing yet.
   * @param options Playwright's options of the browser's context
   */
  static async arrives({ browser, demo }, username, options = {}) {
    const known = demo.people.find((person) => person.username === username)
    assert.ok(known, `the demonstration has no ${username}`)
    const context = await browser.newContext({
      viewport: PHONE,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      ...options,
    })
    context.setDefaultTimeout(PATIENCE)
    const person = new Person()
    Object.assign(person, { demo, context, ...known })
    person.page = await context.newPage()
    return person
  }

  leaves() {
    return this.context.close()
  }

  /** Opens an address at the top of the browser's window. */
  async goesTo(address) {
    const answer = await this.page.goto(address)
    await this.page.waitForLoadState()
    return answer
  }

  /** Types user name and password on the sign-in page. */
  async typesPassword(where = this.page, password = this.password) {
    await where.locator('input[name=username]').fill(this.username)
    await where.locator('input[name=password]').fill(password)
    await where.locator('#sign-in').click()
  }

  /** Signs in at Nova, as far as the home screen. */
  async signsInAtNova() {
    await this.goesTo(this.demo.addresses.app)
    await this.page.locator('#sign-in').click()
    await this.page.waitForURL(`${this.demo.addresses.portico}/**`)
    await this.typesPassword()
    await this.page.waitForURL(`${this.demo.addresses.app}/**`)
    await this.page.locator('a[href$="/open/market"]').waitFor()
  }

  /** Taps a program's icon on Nova's home screen; returns the frame that it opens in. */
  async opens(program) {
    await this.goesTo(this.demo.addresses.app)
    await this.page.locator(`a[href$="/open/${program}"]`).click()
    return this.frame()
  }

  /** The frame of the program that is in front. */
  frame(page = this.page) {
    return page.frameLocator('.portico-program:not([hidden]) iframe, iframe#program')
  }

  /** From the program in front to the home screen, as far as the browser has gone back. */
  async goesHome() {
    await this.page.locator('#home-button').click()
    await this.page.waitForFunction(() => !globalThis.history.state?.portico)
  }

  /** The consent sheet that has risen over it. */
  sheet() {
    return this.page.frameLocator('.portico-sheet iframe')
  }

  /** Says Allow on each page of the sheet, and waits until it is gone. */
  async allowsEverything() {
    const box = this.page.locator('.portico-sheet')
    await box.waitFor()
    const latest = Date.now() + PATIENCE
    while ((await box.count()) > 0) {
      assert.ok(Date.now() < latest, 'the sheet stays')
      const button = this.sheet().locator('button[name=decision][value=allow]')
      try {
        await button.click({ timeout: 1000 })
      } catch {
        // It is about to go, or has only just come up.
      }
      await this.page.waitForTimeout(100)
    }
  }

  /** Opens a page of Portico's account. */
  async goesToAccount(page = '') {
    return this.goesTo(`${this.demo.addresses.portico}/account${page}`)
  }

  /** Waits until something is there to be read. */
  async sees(where, words) {
    await where.getByText(words).first().waitFor({ timeout: PATIENCE })
  }

  /** Looks for something that should not be there, on a page that has been read already. */
  async seesNo(where, words) {
    assert.equal(await where.getByText(words).count(), 0, `${words} is on the page`)
  }

  /** Waits for the consent sheet, or the page of a sensitive scope. */
  async seesSheet(where) {
    await where.locator('button[name=decision][value=allow]').waitFor()
  }

  async decides(where, decision) {
    const button = where.locator(`button[name=decision][value=${decision}]`)
    await takesTaps(button)
    await button.click()
  }

  async unticks(where, scope) {
    await where.locator(`input[name=scope][value="${scope}"]`).uncheck()
  }

  /** Signs out of everything, from Nova's own button. */
  async signsOutEverywhere() {
    await this.goesTo(this.demo.addresses.app)
    await this.page.locator('#sign-out').click()
    await this.page.locator('#logout').click()
    await this.page.waitForURL(`${this.demo.addresses.app}/**`)
  }
}

/** Everything that a document shows and keeps, as text; storage that a browser denies it keeps nothing. */
export function everythingIn(frame) {
  return frame.evaluate(() => {
    const kept = (name) => {
      try {
        return { ...globalThis[name] }
      } catch {
        return {}
      }
    }
    const shown = document.documentElement.outerHTML
    return { shown, localStorage: kept('localStorage'), sessionStorage: kept('sessionStorage'), cookie: document.cookie }
  })
}

// A consent page that has just come up takes no taps. Asked from outside the page: Playwright's own
// patience needs the page's timers, and with JavaScript off there are none.
async function takesTaps(button) {
  const latest = Date.now() + PATIENCE
  while ((await button.evaluate((element) => getComputedStyle(element).pointerEvents)) === 'none') {
    assert.ok(Date.now() < latest, 'the page never takes a tap')
  }
}
