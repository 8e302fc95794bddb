// All programs of a host on the screen, the consent sheet over them, the back gesture, and what the device
// says meanwhile.

import 'dart:async';

import 'package:flutter/material.dart';
import 'package:webview_flutter/webview_flutter.dart';

import 'host.dart';
import 'mini_program.dart';
import 'program.dart';

/// Draws a host's programs over whatever is below; nothing, while none is in front.
class MiniPrograms extends StatefulWidget {
  const MiniPrograms({super.key, required this.host, this.cover = plainly, this.closeLabel = 'Not now'});

  final PorticoHost host;

  /// What stands on the cover of a program: words in the person's language, a way to sign in, to try again.
  final CoverBuilder cover;

  /// How a screen reader calls what closes the sheet.
  final String closeLabel;

  /// Plain words, where the app brings none.
  static Widget plainly(BuildContext context, Program program) => Text(switch (program.reason) {
        null => program.unreachable ? 'Not available at the moment' : 'One moment',
        'suspended' || 'origin_not_allowed' => 'Not available at the moment',
        _ => 'Your session is over',
      });

  @override
  State<MiniPrograms> createState() => _MiniProgramsState();
}

class _MiniProgramsState extends State<MiniPrograms> {
  late final AppLifecycleListener _lifecycle;

  @override
  void initState() {
    super.initState();
    _lifecycle = AppLifecycleListener(
      // `inactive` is an app in front, under a call or the notifications.
      onHide: () => widget.host.appIs(active: false),
      onShow: () => widget.host.appIs(active: true),
    );
  }

  @override
  void dispose() {
    _lifecycle.dispose();
    super.dispose();
  }

  @override
  Widget build(BuildContext context) => ListenableBuilder(
        listenable: widget.host,
        builder: (context, _) {
          final host = widget.host;
          final sheet = host.sheet;
          return PopScope(
            canPop: !host.canGoBack,
            onPopInvokedWithResult: (didPop, _) {
              if (!didPop) host.back();
            },
            child: Stack(
              fit: StackFit.expand,
              children: [
                for (final program in host.programs)
                  MiniProgram(
                    key: ObjectKey(program),
                    program: program,
                    inert: sheet != null,
                    cover: widget.cover,
                  ),
                if (sheet != null)
                  _SheetView(key: ObjectKey(sheet), host: host, sheet: sheet, closeLabel: widget.closeLabel),
              ],
            ),
          );
        },
      );
}

class _SheetView extends StatefulWidget {
  const _SheetView({super.key, required this.host, required this.sheet, required this.closeLabel});

  final PorticoHost host;
  final Sheet sheet;
  final String closeLabel;

  @override
  State<_SheetView> createState() => _SheetViewState();
}

class _SheetViewState extends State<_SheetView> {
  WebViewController? _controller;

  @override
  void initState() {
    super.initState();
    unawaited(_open());
  }

  bool _mayGo(String address) => widget.host.sheetMayGo(widget.sheet, address);

  Future<void> _open() async {
    // It has no channel: what is asked here is asked by Portico, and answered there.
    final controller = await hardenedWebView();
    await controller.setNavigationDelegate(NavigationDelegate(
      onNavigationRequest: (request) =>
          _mayGo(request.url) ? NavigationDecision.navigate : NavigationDecision.prevent,
      onPageStarted: _mayGo,
    ));
    if (!mounted) return;
    setState(() => _controller = controller);
    await controller.loadRequest(widget.sheet.interactionUri);
  }

  @override
  Widget build(BuildContext context) {
    final controller = _controller;
    return BlockSemantics(
      child: Column(
        children: [
          Expanded(
            child: Semantics(
              button: true,
              label: widget.closeLabel,
              child: GestureDetector(
                behavior: HitTestBehavior.opaque,
                onTap: widget.host.back,
                child: const ColoredBox(color: Colors.black45, child: SizedBox.expand()),
              ),
            ),
          ),
          Expanded(
            flex: 4,
            child: ColoredBox(
              color: Theme.of(context).colorScheme.surface,
              child: controller == null ? const SizedBox.expand() : WebViewWidget(controller: controller),
            ),
          ),
        ],
      ),
    );
  }
}
