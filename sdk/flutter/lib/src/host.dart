// The host: which programs are open, what locks and covers them, the consent sheet, the way back.
//
// It draws nothing; mini_programs.dart draws its state. It keeps no token and no key: the app launches,
// refreshes and signs proofs. docs/bridge.md is the guide of the bridge.

import 'dart:async';
import 'dart:io' show SocketException;

import 'package:flutter/foundation.dart';

import 'address.dart';
import 'binding.dart';
import 'program.dart';

const _away = Duration(seconds: 30);
// The events of the host's stream that end a stay; one that names a program ends that alone.
const _ends = {'session_expired', 'session_ended', 'user_changed'};
const _answered = {'allowed', 'partial', 'denied'};

/// Hears an event of the session.
typedef Heard = void Function(String name, Map<String, Object?> data);

/// Whoever reads the session's events.
abstract interface class Follower {
  /// Asks for a fresh `ready`, after this device may have slept.
  void check();

  void close();
}

/// What a super app gives to its host.
final class HostOptions {
  const HostOptions({
    required this.account,
    required this.follow,
    required this.call,
    required this.clearData,
    this.interactionReturnUri,
    this.looks = const {},
    this.heard,
    this.openOutside,
  });

  /// Whose session this is: any text that tells one person from another.
  final String account;

  /// Begins to follow the events of that person's session, usually with `followEvents`.
  final Follower Function(String account, Heard heard) follow;

  /// Answers a program's call, usually by asking the app's backend for an exchange. The `sid` of an exchange
  /// stays here: the program's next document is welcomed with it. Throw a [Refusal] to refuse.
  final FutureOr<Object?> Function(String clientId, String method, Map<String, Object?> params, Stop stop) call;

  /// Empties what all WebViews of this app keep: cookies, storage, caches. It runs when the session passes to
  /// another person, and nothing opens before it is done.
  final Future<void> Function() clearData;

  /// As registered: where consent sheets end. Without it there is no sheet.
  final String? interactionReturnUri;

  /// How programs look, and their language: `theme` with `color_scheme`, `locale`.
  final Map<String, Object?> looks;

  /// Hears each event of the session, after it took effect.
  final Heard? heard;

  /// A program wants to show something of another site. Nothing happens without this.
  final void Function(String clientId, String address)? openOutside;
}

/// A consent sheet that is up.
final class Sheet {
  Sheet._(this.interactionUri, this._interaction, this._done);

  final Uri interactionUri;
  final String? _interaction;
  final void Function(String result) _done;
}

/// The host of one account. It tells its listeners when something is to be drawn anew.
final class PorticoHost extends ChangeNotifier {
  PorticoHost(this._options, {DateTime Function() now = DateTime.now})
      : _now = now,
        _account = _options.account,
        _looks = _options.looks {
    _follower = _follow();
  }

  final HostOptions _options;
  final DateTime Function() _now;
  final _programs = <Program>[];
  // What the back gesture shows again, the last first.
  final _layers = <Program>[];
  String _account;
  // Counts who signed in: what belongs to the one before counts no more.
  int _turn = 0;
  Map<String, Object?> _looks;
  late Follower _follower;
  String? _locked;
  Sheet? _sheet;
  DateTime? _left;
  DateTime? _expiry;
  Timer? _timer;
  bool _ended = false;

  /// Why everything is locked, or null.
  String? get locked => _locked;

  List<Program> get programs => List.unmodifiable(_programs);

  Sheet? get sheet => _sheet;

  /// Whether the back gesture has something of ours to take away.
  bool get canGoBack => _sheet != null || _front != null;

  Program? get _front => _programs.where((program) => program.inFront).firstOrNull;

  void _changed() {
    if (!_ended) notifyListeners();
  }

  // Programs.

  /// Opens a program as the app's backend described it, and shows it.
  Program open(Launch launch) {
    if (_locked != null) throw const Refusal('locked');
    final program = Program(
      launch: launch,
      looks: _looks,
      call: _call,
      openOutside: (address) => _options.openOutside?.call(launch.clientId, address),
      changed: _changed,
    );
    _programs.add(program);
    show(program);
    return program;
  }

  void show(Program program) {
    if (program.inFront || !_programs.contains(program)) return;
    final before = _front;
    if (before != null) _hide(before);
    _layers
      ..remove(program)
      ..add(program);
    program
      ..inFront = true
      ..event('shown');
    _changed();
  }

  void hide(Program program) {
    _layers.remove(program);
    if (program.inFront) _hide(program);
    _changed();
  }

  void close(Program program) {
    _remove(program);
    _changed();
  }

  void _hide(Program program) {
    program
      ..inFront = false
      ..event('hidden');
  }

  void _remove(Program program) {
    _programs.remove(program);
    _layers.remove(program);
    program
      ..inFront = false
      ..end();
  }

  /// The back gesture: the sheet goes first, then what the program itself can take back, then the program.
  /// False where there is nothing of ours to take away.
  bool back() {
    final sheet = _sheet;
    final front = _front;
    if (sheet != null) {
      sheet._done('later');
    } else if (front == null) {
      return false;
    } else if (front.canGoBack && !front.hidden) {
      front.instance?.goBack();
    } else {
      hide(front);
      final below = _layers.lastOrNull;
      if (below != null) show(below);
    }
    return true;
  }

  // Calls.

  Future<Map<String, Object?>> _call(Program program, String method, Map<String, Object?> params, Stop stop) async {
    final answer = await _ask(program, method, params, stop, again: true);
    final result = answer is Map<String, Object?> ? {...answer} : <String, Object?>{};
    final sid = result.remove('sid');
    if (sid is String) program.at(sid);
    return result;
  }

  Future<Object?> _ask(Program program, String method, Map<String, Object?> params, Stop stop,
      {required bool again}) async {
    try {
      return await _options.call(program.launch.clientId, method, params, stop);
    } on SocketException {
      throw const Refusal('temporarily_unavailable');
    } on TimeoutException {
      throw const Refusal('temporarily_unavailable');
    } on Refusal catch (refusal) {
      final asks = refusal.error == 'consent_required' && refusal.interactionUri != null;
      if (!again || !asks || stop.isStopped) rethrow;
      // Nobody answers for a program that they do not see.
      if (!program.inFront || program.hidden) throw const Refusal('interaction_required');
      if (!_answered.contains(await _rise(refusal))) throw const Refusal('access_denied');
    }
    return _ask(program, method, params, stop, again: false);
  }

  // The consent sheet.

  /// Shows a sheet over everything. Completes with what it ended with, which is a hint.
  Future<String> _rise(Refusal refusal) {
    if (_sheet != null || _options.interactionReturnUri == null) {
      throw const Refusal('temporarily_unavailable');
    }
    for (final program in _programs) {
      program.instance?.leaveFullScreen();
    }
    final ended = Completer<String>();
    _sheet = Sheet._(refusal.interactionUri!, refusal.interaction, (result) {
      _sheet = null;
      _changed();
      ended.complete(result);
    });
    _changed();
    return ended.future;
  }

  /// Whether the WebView of a sheet may go there. The address at which sheets end is never loaded: it closes
  /// the sheet.
  bool sheetMayGo(Sheet sheet, String address) {
    if (!identical(sheet, _sheet)) return false;
    final ended = readInteraction(address, _options.interactionReturnUri!);
    if (ended == null) {
      final origin = originOf(address);
      return origin != null && origin == originOf('${sheet.interactionUri}');
    }
    if (sheet._interaction == null || sheet._interaction == ended.interaction) sheet._done(ended.result);
    return false;
  }

  // The session.

  /// Locks everything, or one program.
  void lock(String reason, {String? clientId}) {
    if (clientId == null) {
      _locked ??= reason;
      _timer?.cancel();
      _expiry = null;
    }
    _sheet?._done('ended');
    for (final program in _programs) {
      if (clientId == null || program.launch.clientId == clientId) program.lock(reason);
    }
    _changed();
  }

  /// Somebody signed in. The same person goes on where a program has a `sid`, each in a new WebView. For another
  /// one everything is closed and emptied first; where that fails it stays locked.
  Future<void> signedIn(String account, {Map<String, String?> sids = const {}}) async {
    final same = account == _account;
    final turn = _turn += 1;
    for (final program in [..._programs]) {
      final id = program.launch.clientId;
      // What signed in by a ticket needs another one, and is opened anew.
      if (same && program.launch.ticket == null && sids.containsKey(id)) {
        program.reopen(sids[id]);
      } else {
        _remove(program);
      }
    }
    _follower.close();
    if (!same) {
      _locked ??= 'user_changed';
      _changed();
      await _options.clearData();
      // Somebody else was quicker, or the host is gone.
      if (turn != _turn) return;
    }
    _account = account;
    _locked = null;
    _follower = _follow();
    _changed();
  }

  void setLooks(Map<String, Object?> looks) {
    _looks = looks;
    for (final program in _programs) {
      program.setLooks(looks);
    }
  }

  /// The app comes to the front, or leaves it.
  void appIs({required bool active}) {
    _front?.event(active ? 'shown' : 'hidden');
    final now = _now();
    if (!active) {
      _left ??= now;
      return;
    }
    final left = _left;
    if (left == null) return;
    _left = null;
    // Timers stand still in the background.
    final expiry = _expiry;
    if (expiry != null && !now.isBefore(expiry)) return lock('expired');
    final away = now.difference(left);
    // A clock that went back says nothing of how long it was.
    if (!away.isNegative && away < _away) return;
    for (final program in _programs) {
      program.covered = true;
    }
    _changed();
    _follower.check();
  }

  /// Nothing is open and nothing is followed any more.
  @override
  void dispose() {
    _turn += 1;
    _locked ??= 'ended';
    _sheet?._done('ended');
    [..._programs].forEach(_remove);
    _follower.close();
    _timer?.cancel();
    _ended = true;
    super.dispose();
  }

  Follower _follow() {
    final turn = _turn;
    return _options.follow(_account, (name, data) {
      // Nothing that comes late from one person's stream reaches another's programs.
      if (turn == _turn) _hear(name, data);
    });
  }

  void _hear(String name, Map<String, Object?> data) {
    final clientId = data['client_id'] as String?;
    if (_ends.contains(name)) {
      lock(data['reason'] as String? ?? (name == 'user_changed' ? name : 'expired'), clientId: clientId);
      // Somebody else is here now: nothing of the person before stays, not even under a cover.
      if (name == 'user_changed') [..._programs].forEach(_remove);
    } else if (name == 'mini_program_suspended') {
      lock('suspended', clientId: clientId);
    } else if (name == 'ready' && _locked == null) {
      if (data case {'session_expires_at': final int end, 'at': final int at}) {
        _expires(Duration(milliseconds: end - at));
      }
      for (final program in _programs) {
        program.covered = false;
      }
    } else if (name == 'grant_changed') {
      final change = {...data}..remove('client_id');
      for (final program in _programs.where((program) => program.launch.clientId == clientId)) {
        program.event(name, change);
      }
    }
    _changed();
    _options.heard?.call(name, data);
  }

  /// Locks here when the session's time is up, also without a network; [left] is the server's count.
  void _expires(Duration left) {
    _timer?.cancel();
    if (left <= Duration.zero) return lock('expired');
    _expiry = _now().add(left);
    _timer = Timer(left, () => lock('expired'));
  }
}
