// A WebView with a page in it: the real portico.js in a world of its own, as react-native-webview injects
// itself there. What it reports of addresses is what the real one does.

import { createElement, useEffect, useImperativeHandle, useRef } from 'react'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'

/** The WebViews that are drawn now, by the address that they began with. */
export const views = new Map()

class Page {
  injected = []
  stopped = 0
  wentBack = 0

  constructor(props) {
    this.props = props
    this.address = props.source.uri
  }

  /** Loads a document as a tap would: asked for first. */
  navigate(address, isTopFrame = true) {
    if (!this.props.onShouldStartLoadWithRequest({ url: address, isTopFrame })) return false
    if (isTopFrame) this.load(address)
    return true
  }

  /** Loads a document that nobody was asked about, as Android does after 250 ms. */
  load(address = this.address) {
    this.address = address
    this.document = this.frame(new URL(address).origin)
    this.props.onLoadStart?.({ nativeEvent: { url: address } })
    return this.document
  }

  /** A document with the bridge in it; messages come with the origin of its frame. */
  frame(origin) {
    const window = vm.createContext({
      console, setTimeout, clearTimeout, crypto, btoa, TextEncoder, URL, AbortController,
      location: { origin, pathname: '/', search: '', reload: () => this.load() },
      ReactNativeWebView: { postMessage: (data) => this.props.onMessage?.({ nativeEvent: { url: origin, data } }) },
      document: { fullscreenElement: null, querySelectorAll: () => [] },
    })
    window.parent = window.window = window
    vm.runInContext(readFileSync(process.env.PORTICO_BRIDGE, 'utf8'), window)
    return window
  }

  /** Runs in the main frame, whatever is there. */
  injectJavaScript(script) {
    this.injected.push(script)
    if (this.document) vm.runInContext(script, this.document)
  }
  stopLoading() {
    this.stopped += 1
  }
  goBack() {
    this.wentBack += 1
  }
}

export function WebView(props) {
  const page = useRef(null)
  page.current ??= new Page(props)
  page.current.props = props
  useImperativeHandle(props.ref, () => page.current, [])
  useEffect(() => {
    views.set(props.source.uri, page.current)
    return () => void (views.get(props.source.uri) === page.current && views.delete(props.source.uri))
  }, [props.source.uri])
  const { ref, ...rest } = props
  return createElement('WebView', rest)
}
