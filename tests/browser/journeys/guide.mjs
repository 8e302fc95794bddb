// docs/mini-programs.md, typed as it stands beside the running demonstration: it ends with two more programs on
// the home screen. Only the ports are others.

import assert from 'node:assert/strict'
import { freePort, repository } from '../demo.mjs'
import { Shell, sections } from '../document.mjs'
import { look } from '../look.mjs'
import { Person, everythingIn } from '../person.mjs'

export const title = 'The guide: from an empty folder to a program on the home screen'

export async function journey(world) {
  const { demo, step } = world
  const { app, portico } = demo.addresses
  const [notes, hello] = [await freePort(), await freePort()]
  const ports = { ':8080': `:${new URL(app).port}`, 4000: `${notes}`, 4001: `${hello}` }
  const guide = sections('mini-programs.md', (text) => text.replace(/:8080|\b400[01]\b/g, (port) => ports[port]))
  const shell = new Shell(demo.folder, { REPOSITORY: repository })
  const untried = new Set(guide.keys())
  const does = async (heading) => {
    untried.delete(heading)
    let said = ''
    for (const block of guide.get(heading).commands) said += await shell.types(block)
    return said
  }
  try {
    await walks(world, { step, does, guide, shell, app, portico, notes: `http://notes.localhost:${notes}` })
    const left = [...untried].filter((heading) => guide.get(heading).commands.length > 0)
    assert.deepEqual(left, [], 'sections that nobody tried')
  } catch (error) {
    error.message += `\nthe shell said: ${shell.said.slice(-2000)}`
    throw error
  } finally {
    shell.ends()
  }
}

async function walks(world, { step, does, guide, app, portico, notes }) {
  const ada = await Person.arrives(world, 'ada')
  const linus = await Person.arrives(world, 'linus')
  await ada.signsInAtNova()
  await linus.signsInAtNova()
  const tile = async (person, name) => {
    await person.goesTo(app)
    await person.page.locator('#open-market').waitFor()
    return person.page.locator(`#open-${name}`)
  }

  await step('A manifest is made; what is wrong with a hasty one is said as the guide shows it', async () => {
    await does('Before you begin')
    const said = await does('A manifest')
    for (const line of guide.get('A manifest').answers[0].trimEnd().split('\n')) {
      assert.ok(said.split('\n').includes(line), `${line}\nis not in\n${said}`)
    }
    assert.ok(said.includes('testrs means nothing') && said.includes('did you mean testers?'), said)
    assert.ok(said.includes('The manifest of Notes is good.'), said)
  })

  await step('A draft is on the home screen of its tester, and of nobody else', async () => {
    await does('A draft for its testers')
    assert.equal((await (await tile(ada, 'notes')).textContent()).replace(/\s+/g, ' ').trim(), 'N Notes draft')
    assert.equal(await (await tile(linus, 'notes')).count(), 0)
  })

  await step('Its backend starts; Ada opens it, and the sheet gives its reason', async () => {
    await does('The backend')
    await does('The page')
    await answers(`${notes}/open`)
    await (await tile(ada, 'notes')).click()
    await ada.seesSheet(ada.sheet())
    await ada.sees(ada.sheet(), 'To greet you by name.')
    await ada.allowsEverything()
    await ada.sees(ada.frame(), 'These are yours, Ada Lindqvist.')
    await ada.frame().locator('input').fill('Water the plants')
    await ada.frame().locator('button').click()
    await ada.sees(ada.frame(), 'Water the plants')
    await look(ada.page, 'guide-notes')
  })

  await step('It is released: Linus has it as well, and notes of his own', async () => {
    await does('Release')
    await (await tile(linus, 'notes')).click()
    await linus.allowsEverything()
    await linus.sees(linus.frame(), 'These are yours, Linus Okoro.')
    await linus.seesNo(linus.frame(), 'Water the plants')
  })

  await step('The page without a backend says hello with a launch token', async () => {
    await does('A page without a backend')
    await (await tile(linus, 'hello')).click()
    await linus.allowsEverything()
    await linus.sees(linus.frame(), 'Hello, Linus Okoro')
  })

  await step('What is no logout token is refused', async () => {
    const said = await does('Where a backend takes logout tokens')
    assert.ok(said.includes('"error":"invalid_request"'), said)
  })

  await step('Ada signs out in another tab: Notes is locked, and her notes are out of the page', async () => {
    const inside = ada.page.frames().find((frame) => frame.url().startsWith(notes))
    const other = await ada.context.newPage()
    await other.goto(`${portico}/sign-out`)
    await other.locator('#logout').click()
    await ada.page.locator('#locked').waitFor()
    await inside.waitForFunction(() => !document.body.textContent.includes('Lindqvist'))
    assert.ok(!(await everythingIn(inside)).shown.includes('Water the plants'))
  })

  await step('Her backend heard of it: with her cookie there are no notes', async () => {
    const cookie = (await ada.context.cookies()).find(({ name }) => name === 'notes')
    assert.ok(cookie, 'the program set one')
    const refused = async () => {
      const answer = await fetch(notes.replace('notes.localhost', '127.0.0.1') + '/notes', { headers: { cookie: `notes=${cookie.value}` } })
      return answer.status === 401
    }
    assert.ok(await refused())
  })
  await linus.leaves()
  await ada.leaves()
}

/** Waits until somebody listens there. */
async function answers(uri) {
  const at = uri.replace(/[a-z]+\.localhost/, '127.0.0.1')
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(at).catch(() => null)
    if (answer?.ok) return
    await new Promise((settle) => setTimeout(settle, 50))
  }
  throw new Error(`${uri} does not answer`)
}
