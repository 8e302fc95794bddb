// What every program of the demonstration does with the host's context.
'use strict'
/** Looks as the host looks, and says in its language what this page can say in it. */
globalThis.wear = function wear({ theme, locale }) {
  const root = document.documentElement
  root.dataset.theme = theme?.color_scheme === 'dark' ? 'dark' : 'light'
  for (const element of document.querySelectorAll('[data-ru]')) {
    element.dataset.en ??= element.textContent
    const isRussian = locale?.startsWith('ru')
    element.textContent = isRussian ? element.dataset.ru : element.dataset.en
    element.lang = isRussian ? 'ru' : 'en'
  }
}
