// Fingers that tap twice: a question that comes up under them is not answered unseen.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'

export const title = 'A double tap answers the page that was seen, not the next one'

export async function journey(world) {
  const { demo, step } = world
  const ada = await Person.arrives(world, 'ada')
  const { page } = ada
  let answers = 0
  page.on('request', (request) => {
    answers += request.method() === 'POST' && request.url().endsWith('/consent') ? 1 : 0
  })
  // Time stands still for animations, so that the page has only just come up for as long as needed.
  const clock = await ada.context.newCDPSession(page)
  await clock.send('Animation.enable')
  const timeRuns = (playbackRate) => clock.send('Animation.setPlaybackRate', { playbackRate })

  await step('Bank asks for two sensitive things, one after the other', async () => {
    await ada.signsInAtNova()
    await ada.goesTo(`${demo.addresses.bank}/open`)
    await ada.sees(page, 'Share the result of your identity check with Bank?')
  })

  await step('The second tap of a double tap falls on the page of her cards, and decides nothing', async () => {
    const allow = await middle(page, '#allow')
    await page.locator('#allow').click({ trial: true })
    await timeRuns(0)
    await page.mouse.click(allow.x, allow.y)
    await ada.sees(page, 'Visa •••• 4242')
    const again = await middle(page, '#allow')
    await page.mouse.click(again.x, again.y)
    assert.equal(await page.locator('#withhold').evaluate((button) => getComputedStyle(button).pointerEvents), 'none')
    assert.equal(answers, 1)
  })

  await step('The keyboard needs no such care', async () => {
    await page.locator('#withhold').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(`${demo.addresses.bank}/**`)
    assert.equal(answers, 2)
    await timeRuns(1)
    await ada.sees(page, "You don't share your cards with Bank.")
  })
  await ada.leaves()
}

async function middle(page, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox()
  return { x: x + width / 2, y: y + height / 2 }
}
