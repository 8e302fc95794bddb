// Nova's home screen is what Portico lists: a program is there from its release on, for its testers before,
// and says so when it is suspended.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person } from '../person.mjs'
import { miniProgram, site } from '../stranger.mjs'

export const title = 'Home screen: a program appears when it is released'

export async function journey(world) {
  const { demo, step } = world
  const { app } = demo.addresses
  const notes = await site({ '/open': '<!doctype html><html lang="en"><title>Notes</title><body><h1>My notes</h1>' }, 'notes.localhost')
  const manifest = {
    client_name: 'Notes',
    entry_uri: `${notes.origin}/open`,
    origins: [notes.origin],
    redirect_uris: [`${notes.origin}/callback`],
    testers: ['grace'],
  }
  const { client_id } = miniProgram(demo, 'Paper Works', manifest)
  const ada = await Person.arrives(world, 'ada')
  const grace = await Person.arrives(world, 'grace')

  await step('A draft is on the home screen of its testers, and of nobody else', async () => {
    await ada.signsInAtNova()
    await grace.signsInAtNova()
    await grace.page.locator('#open-notes small', { hasText: 'draft' }).waitFor()
    assert.equal(await ada.page.locator('#open-notes').count(), 0)
  })

  await step('It is released: Ada finds it there, with its initial, for it has no picture', async () => {
    demo.command('mini-program', 'release', client_id)
    await ada.goesTo(app)
    const tile = ada.page.locator('#open-notes')
    await tile.waitFor()
    assert.equal((await tile.locator('.icon').textContent()).trim(), 'N')
    await look(ada.page, 'home-screen')
  })

  await step('It opens, under its maker\'s name', async () => {
    await ada.page.locator('#open-notes').click()
    await ada.sees(ada.frame(), 'My notes')
    assert.equal(await ada.page.locator('#stage-publisher').textContent(), 'by Paper Works')
    assert.equal((await ada.page.locator('#stage-icon').textContent()).trim(), 'N')
  })

  await step('The pictures of the others come from their own sites', async () => {
    await ada.goesTo(app)
    const pictures = await ada.page.locator('.icons img').evaluateAll((all) =>
      all.map((one) => [new URL(one.src).host, one.naturalWidth > 0]))
    assert.ok(pictures.length >= 4 && pictures.every(([, isThere]) => isThere), String(pictures))
    assert.ok(pictures.some(([host]) => host === new URL(demo.addresses.market).host))
  })

  await step('It is suspended: the tile says so and opens nothing', async () => {
    demo.command('mini-program', 'suspend', client_id)
    await ada.goesTo(app)
    await ada.page.locator('.away', { hasText: 'Notes not available' }).waitFor()
    assert.equal(await ada.page.locator('#open-notes').count(), 0)
    await look(ada.page, 'home-screen-suspended')
  })
  notes.closes()
  await grace.leaves()
  await ada.leaves()
}
