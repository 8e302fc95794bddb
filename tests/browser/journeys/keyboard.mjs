// Hands that never leave the keyboard.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'

export const title = 'By keyboard alone: sign in, and decide on a sheet'

export async function journey(world) {
  const { demo, step } = world
  const ada = await Person.arrives(world, 'ada')
  const { keyboard } = ada.page

  await step('The sign-in page begins at the user name; Enter sends it', async () => {
    await ada.goesTo(demo.addresses.app)
    await tabsTo(ada.page, '#sign-in')
    await keyboard.press('Enter')
    await ada.page.waitForURL(`${demo.addresses.portico}/**`)
    await ada.page.locator('#username').waitFor()
    assert.equal(await focused(ada.page), 'username')
    await keyboard.type(ada.username)
    await keyboard.press('Tab')
    assert.equal(await focused(ada.page), 'password')
    await keyboard.type(ada.password)
    await keyboard.press('Enter')
    await ada.page.waitForURL(`${demo.addresses.app}/**`)
  })

  await step('The sheet is read in order: its ticks, then Allow, then Not now', async () => {
    await ada.goesTo(`${demo.addresses.market}/open`)
    await ada.seesSheet(ada.page)
    const order = []
    for (let presses = 0; presses < 30 && !order.includes('deny'); presses += 1) {
      await keyboard.press('Tab')
      order.push(await focused(ada.page))
    }
    const inOrder = order.filter((id) => id === 'allow' || id === 'deny' || id.includes('phone'))
    assert.equal(inOrder.length, 3, `the order was ${order}`)
    assert.ok(inOrder[0].includes('phone'), `the order was ${order}`)
    assert.deepEqual(inOrder.slice(1), ['allow', 'deny'])
  })

  await step('Space removes a tick, Enter allows the rest', async () => {
    await backTo(ada.page, 'phone')
    await keyboard.press('Space')
    assert.equal(await ada.page.locator('input[value="phone.verified"]').isChecked(), false)
    await tabsTo(ada.page, '#allow')
    await keyboard.press('Enter')
    await ada.page.waitForURL(`${demo.addresses.market}/**`)
    await ada.sees(ada.page, "We can't text you when it arrives.")
  })

  await step('What has the focus can be seen', async () => {
    await ada.goesToAccount()
    for (let presses = 0; presses < 12; presses += 1) {
      await keyboard.press('Tab')
      const [id, isMarked] = await ada.page.evaluate(() => {
        const { id } = document.activeElement
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement)
        const outlined = outlineStyle !== 'none' && outlineWidth !== '0px'
        return [id, outlined || boxShadow !== 'none']
      })
      assert.ok(isMarked, `#${id} has the focus and nothing shows it`)
    }
  })
  await ada.leaves()
}

function focused(page) {
  return page.evaluate(() => document.activeElement?.id ?? '')
}

async function tabsTo(page, selector) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab')
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return
  }
  throw new Error(`${selector} cannot be reached by Tab`)
}

async function backTo(page, part) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Shift+Tab')
    if ((await focused(page)).includes(part)) return
  }
  throw new Error(`nothing with ${part} in its id can be reached by Shift+Tab`)
}
