// A program whose addresses send the person on to another origin of its own, as many do in
// development: the redirects after a form belong to the form for the browser.

import { Person } from '../person.mjs'
import { authorization, registers, site } from '../stranger.mjs'

export const title = 'Sent on: after signing in and after signing out, to another origin of the program'

export async function journey(world) {
  const { demo, step } = world
  const { portico } = demo.addresses
  const app = await site({ '/home': 'Welcome to Shop.', '/gone': 'Goodbye from Shop.' })
  const backend = await site({
    '/callback': { location: `${app.origin}/home` },
    '/bye': { location: `${app.origin}/gone` },
  })
  const [redirect_uri, bye] = [`${backend.origin}/callback`, `${backend.origin}/bye`]
  const client_id = registers(demo, {
    client_name: 'Shop',
    redirect_uris: [redirect_uri],
    post_logout_redirect_uris: [bye],
  })
  const ada = await Person.arrives(world, 'ada')
  const endSession = (parameters) => `${portico}/end-session?${new URLSearchParams(parameters)}`

  await step('Ada signs in and allows; she arrives at the other origin', async () => {
    await ada.goesTo(authorization(`${portico}/authorize`, { client_id, redirect_uri }))
    await ada.typesPassword()
    await ada.seesSheet(ada.page)
    await ada.decides(ada.page, 'allow')
    await ada.sees(ada.page, 'Welcome to Shop.')
  })

  await step('She signs in again, with nothing to allow, and arrives there', async () => {
    await ada.goesTo(authorization(`${portico}/authorize`, { client_id, redirect_uri, prompt: 'login' }))
    await ada.page.locator('#password').fill(ada.password)
    await ada.page.locator('#sign-in').click()
    await ada.page.locator('button[value=allow]').or(ada.page.getByText('Welcome')).first().waitFor()
    if (ada.page.url().startsWith(portico)) await ada.decides(ada.page, 'allow')
    await ada.sees(ada.page, 'Welcome to Shop.')
  })

  await step('She signs out at the program that only names itself, and arrives there too', async () => {
    await ada.goesTo(endSession({ client_id, post_logout_redirect_uri: bye }))
    await ada.page.locator('#logout').click()
    await ada.sees(ada.page, 'Goodbye from Shop.')
  })

  await step('A program whose request is flawed does not keep her from signing out', async () => {
    await ada.goesToAccount()
    await ada.typesPassword()
    await ada.page.waitForURL(`${portico}/account`)
    await ada.goesTo(endSession({ id_token_hint: 'nonsense', post_logout_redirect_uri: bye }))
    await ada.page.locator('#logout').click()
    await ada.sees(ada.page, 'You are signed out')
    await ada.goesToAccount()
    await ada.page.locator('#username').waitFor()
  })
  await ada.leaves()
  app.closes()
  backend.closes()
}
