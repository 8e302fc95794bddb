// One WebView of one program: what it says is judged here, and where it may go. It knows no WebView but by
// [WebPage].
//
// It is bound once, to a stay and a client, and ends with the stay; whoever comes back gets another one.

import 'dart:async';
import 'dart:convert';

import 'address.dart';
import 'binding.dart';
import 'message.dart';

/// What an instance needs of a WebView.
abstract interface class WebPage {
  /// Runs a script in the document of the main frame, whichever that is now.
  Future<void> runJavaScript(String script);

  Future<void> goBack();
}

const _outOfFullScreen = 'document.exitFullscreen&&document.fullscreenElement&&document.exitFullscreen();'
    "document.querySelectorAll('video').forEach(function(v){v.webkitExitFullscreen&&v.webkitExitFullscreen()});";

/// A text as a literal of JavaScript. Older engines take the two separators for the end of a line.
String _literal(String text) =>
    jsonEncode(text).replaceAll('\u2028', r'\u2028').replaceAll('\u2029', r'\u2029');

/// A script that hands a text to the page, if the main frame is of that origin now: a script runs in whatever
/// document is there by then, and no page can say of itself that it is of another origin.
String handOver(String text, String origin) =>
    'if(location.origin===${_literal(origin)})try{Portico.receive(${_literal(text)})}catch(e){};';

/// One WebView of one program.
final class Instance {
  Instance({
    required String clientId,
    required Iterable<String> origins,
    required Iterable<String> methods,
    required CallHandler call,
    required void Function() strayed,
    required void Function(String address) openOutside,
    String? sid,
    Map<String, Object?> context = const {},
    String? through,
    String Function() nonce = drawNonce,
  })  : _origins = Set.unmodifiable(origins),
        _through = through,
        _strayed = strayed,
        _openOutside = openOutside {
    _binding = Binding(
      clientId: clientId,
      origins: _origins,
      methods: methods,
      call: call,
      send: (text) => _run(handOver(text, _home)),
      sid: sid,
      context: context,
      // What is run reaches whatever document of that origin is there by then.
      addressed: false,
      nonce: nonce,
    );
  }

  final Set<String> _origins;

  /// The origin of Portico, for a program that goes there and back to sign in. Nothing is heard from there.
  final String? _through;
  final void Function() _strayed;
  final void Function(String address) _openOutside;
  late final Binding _binding;
  WebPage? _page;
  bool _over = false;

  /// Of which origin the main frame is, as was last said.
  String? _shown;

  /// Of which origin the document is that shook hands.
  String _home = '';

  /// Whether the document that is shown has not said hello yet.
  bool _mayHello = false;

  /// The WebView that this instance is; null when it is gone.
  void attach(WebPage? page) => _page = page;

  /// A message of some frame of this WebView: Flutter's channel does not say which.
  ///
  /// So the first `hello` after a document began in the main frame is taken for its own, and no other. A frame
  /// that was quicker gets nothing by it: the answer, with the nonce that every call needs, is run in the main
  /// frame and nowhere else.
  void message(String text) {
    final origin = _shown;
    if (_over || _page == null || !_origins.contains(origin) || origin == null) return;
    if (parse(text) is Hello) {
      if (!_mayHello) return;
      _mayHello = false;
      _home = origin;
    }
    _binding.receive(Sender(instance: true, mainFrame: true, origin: origin), text);
  }

  /// Whether the WebView may go there.
  bool mayGo(String address, {required bool mainFrame}) {
    if (_over) return false;
    final origin = originOf(address);
    if (!mainFrame) return origin != null || address == 'about:blank' || address == 'about:srcdoc';
    if (_isHome(origin)) return true;
    if (origin != null) _openOutside(address);
    return false;
  }

  /// A document begins in the main frame.
  void started(String address) {
    if (_stays(address)) _mayHello = true;
  }

  /// The main frame shows an address, whether or not anybody was asked before, and maybe in the same document.
  void shows(String address) => _stays(address);

  bool _isHome(String? origin) => origin != null && (_origins.contains(origin) || origin == _through);

  bool _stays(String address) {
    if (_over || address == 'about:blank') return false;
    _shown = originOf(address);
    if (_isHome(_shown)) return true;
    end();
    _strayed();
    return false;
  }

  /// Which stay the exchange said it is: the next document is welcomed to it.
  void at(String sid) => _binding.at(sid);

  void event(String name, [Map<String, Object?> data = const {}]) => _binding.event(name, data);

  void setContext(Map<String, Object?> context) => _binding.setContext(context);

  void goBack() => unawaited(_page?.goBack());

  void leaveFullScreen() => _run(_outOfFullScreen);

  /// The stay is over: the page hears it, and is heard no more.
  void lock(String reason) {
    _binding.lock(reason);
    leaveFullScreen();
    end();
  }

  /// Nothing that was asked for is answered any more, and nothing is heard.
  void end() {
    _over = true;
    _binding.retire();
  }

  void _run(String script) {
    if (_over) return;
    // A page that is just gone cannot run anything, and need not.
    _page?.runJavaScript(script).ignore();
  }
}
