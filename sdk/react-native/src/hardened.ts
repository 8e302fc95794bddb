// How every WebView here is set up: less than its defaults allow.

import { Platform } from 'react-native'
import type { WebViewProps } from 'react-native-webview'

export const HARDENED: WebViewProps = {
  // It compares the beginning of an address only, and opens what does not fit in other apps without a tap.
  // Everything is asked of `onShouldStartLoadWithRequest` instead.
  originWhitelist: ['*'],
  // iOS: a store of its own for each WebView, which ends with it. Android's WebViews of one app share a jar,
  // and this would empty it under all of them.
  incognito: Platform.OS === 'ios',
  thirdPartyCookiesEnabled: false,
  sharedCookiesEnabled: false,
  allowFileAccess: false,
  allowFileAccessFromFileURLs: false,
  allowUniversalAccessFromFileURLs: false,
  mixedContentMode: 'never',
  // Without windows of their own, a frame inside a page could run scripts in the page (GHSA-36j3-xxf7-4pqg).
  setSupportMultipleWindows: true,
  javaScriptCanOpenWindowsAutomatically: false,
  geolocationEnabled: false,
  mediaCapturePermissionGrantType: 'deny',
  allowsFullscreenVideo: false,
  allowsInlineMediaPlayback: true,
  allowsLinkPreview: false,
  saveFormDataDisabled: true,
}
