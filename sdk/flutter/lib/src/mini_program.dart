// One program on the screen: its WebView, and the cover that this side draws over it whatever the page does.

import 'dart:async';
import 'dart:convert';

import 'package:flutter/material.dart';
import 'package:webview_flutter/webview_flutter.dart';
import 'package:webview_flutter_android/webview_flutter_android.dart';
import 'package:webview_flutter_wkwebview/webview_flutter_wkwebview.dart';

import 'instance.dart';
import 'program.dart';

// What iOS calls a navigation that was not allowed, or that another one took the place of.
const _interrupted = {-999, 102};

/// Draws what stands on the cover of a program; the cover itself is there already, and opaque.
typedef CoverBuilder = Widget Function(BuildContext context, Program program);

/// A WebView that may do less than it would by itself.
Future<WebViewController> hardenedWebView() async {
  final controller = WebViewController.fromPlatformCreationParams(
    WebViewPlatform.instance is WebKitWebViewPlatform
        ? WebKitWebViewControllerCreationParams(allowsInlineMediaPlayback: true)
        : const PlatformWebViewControllerCreationParams(),
    onPermissionRequest: (request) => unawaited(request.deny()),
  );
  final platform = controller.platform;
  if (platform is AndroidWebViewController) {
    await platform.setAllowFileAccess(false);
    await platform.setAllowContentAccess(false);
    await platform.setGeolocationEnabled(false);
    await platform.setMixedContentMode(MixedContentMode.neverAllow);
    // Without this a video would be shown in a route of its own, over every cover.
    await platform.setCustomWidgetCallbacks(
      onShowCustomWidget: (widget, hide) => hide(),
      onHideCustomWidget: () {},
    );
    await AndroidWebViewCookieManager(const PlatformWebViewCookieManagerCreationParams())
        .setAcceptThirdPartyCookies(platform, false);
  }
  await controller.setJavaScriptMode(JavaScriptMode.unrestricted);
  return controller;
}

final class _Page implements WebPage {
  const _Page(this._controller);

  final WebViewController _controller;

  @override
  Future<void> runJavaScript(String script) => _controller.runJavaScript(script);

  @override
  Future<void> goBack() => _controller.goBack();
}

/// Draws one program.
class MiniProgram extends StatelessWidget {
  const MiniProgram({super.key, required this.program, required this.inert, required this.cover});

  final Program program;

  /// Nothing of it can be touched: a sheet is over it.
  final bool inert;
  final CoverBuilder cover;

  @override
  Widget build(BuildContext context) {
    final instance = program.instance;
    final hidden = program.hidden;
    return Offstage(
      offstage: !program.inFront,
      child: Stack(
        fit: StackFit.expand,
        children: [
          if (instance != null)
            Offstage(
              offstage: hidden,
              child: IgnorePointer(
                ignoring: inert || hidden,
                child: ExcludeSemantics(
                  excluding: inert || hidden,
                  // Another instance is another WebView.
                  child: _InstanceView(key: ObjectKey(instance), program: program, instance: instance),
                ),
              ),
            ),
          if (hidden)
            Semantics(
              liveRegion: true,
              child: ColoredBox(
                color: Theme.of(context).colorScheme.surface,
                child: Center(child: cover(context, program)),
              ),
            ),
        ],
      ),
    );
  }
}

class _InstanceView extends StatefulWidget {
  const _InstanceView({super.key, required this.program, required this.instance});

  final Program program;
  final Instance instance;

  @override
  State<_InstanceView> createState() => _InstanceViewState();
}

class _InstanceViewState extends State<_InstanceView> {
  WebViewController? _controller;
  // As it was when this WebView began.
  late final WebTicket? _ticket = widget.program.ticket;

  @override
  void initState() {
    super.initState();
    unawaited(_open());
  }

  Future<void> _open() async {
    final instance = widget.instance;
    final controller = await hardenedWebView();
    await controller.setNavigationDelegate(NavigationDelegate(
      onNavigationRequest: (request) => instance.mayGo(request.url, mainFrame: request.isMainFrame)
          ? NavigationDecision.navigate
          : NavigationDecision.prevent,
      onPageStarted: instance.started,
      onWebResourceError: (error) {
        final failed = (error.isForMainFrame ?? false) && !_interrupted.contains(error.errorCode);
        if (mounted && failed) widget.program.fail();
      },
      onUrlChange: (change) {
        final url = change.url;
        if (url != null) instance.shows(url);
        unawaited(_canGoBack(controller));
      },
    ));
    // The name under which the page's side looks for its host.
    await controller.addJavaScriptChannel(
      'porticoBridge',
      onMessageReceived: (message) => instance.message(message.message),
    );
    if (!mounted) return;
    instance.attach(_Page(controller));
    setState(() => _controller = controller);
    // A channel is there from the next document on: nothing is loaded before.
    final ticket = _ticket;
    if (ticket == null) return controller.loadRequest(Uri.parse(widget.program.launch.entryUri));
    await controller.loadRequest(
      Uri.parse(ticket.endpoint),
      method: LoadRequestMethod.post,
      headers: const {'Content-Type': 'application/x-www-form-urlencoded'},
      body: utf8.encode(ticket.form),
    );
  }

  Future<void> _canGoBack(WebViewController controller) async {
    final canGoBack = await controller.canGoBack();
    if (mounted) widget.program.canGoBack = canGoBack;
  }

  @override
  void dispose() {
    widget.instance.attach(null);
    super.dispose();
  }

  @override
  Widget build(BuildContext context) {
    final controller = _controller;
    return controller == null ? const SizedBox.expand() : WebViewWidget(controller: controller);
  }
}
