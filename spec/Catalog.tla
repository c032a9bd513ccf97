------------------------------- MODULE Catalog -------------------------------
(* One key of a bucket, its row, and everything that may change either: the   *)
(* rules of docs/correctness.md, each at the place where the code has it.     *)
(*                                                                            *)
(* An action is one step that other steps cannot divide: a change in S3, a    *)
(* conditional write, a read, a listing. Events are delivered in any order,   *)
(* any number of times, alone or together. Between any two steps of a lookup  *)
(* others act, and it may crash.                                              *)
(*                                                                            *)
(* Time is a number. Two seconds of the order of ten (`Tolerance`) and        *)
(* minutes of the order of five (`Clocks`) are 1 and 2; a change comes 1 or 4 *)
(* after the one before, so each comparison of the rules has both answers.    *)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    MaxChanges,   \* of the key in the bucket, forged events included
    MaxTogether,  \* events of the key in one delivery
    Processes,    \* at work at the same time: lookups, reconciles and inspections; such as {1, 2}
    Versionings,  \* of the bucket at first: of "never", "enabled" and "suspended"
    Switching,    \* whether versioning is enabled and suspended meanwhile
    Orders,       \* by which S3 may order uploads: of "start", "end"; {} has no uploads
    Gaps,         \* between one change and the next, such as {1, 4}
    Deviation,    \* of an event's time from the change, earlier or later: 1, or 0
    ClockError,   \* of the function's clock, slow or fast: 1, or 0
    Losses,       \* whether events are lost for good, and a reconcile repairs
    Expiry,       \* whether tombstones expire
    Forgery,      \* whether events are forged, and earlier versions believed them
    Inspection,   \* whether content inspection adds its results
    Scoping,      \* whether the key leaves the catalog's scope, and comes back
    Without       \* the clause that is left out, to see that it is needed; "" has all

VARIABLES
    world,     \* the bucket's versioning, how S3 orders uploads, which events are early, the scope
    now,       \* the true time: that of the last change
    versions,  \* the bucket: versions and delete markers, the current one first
    nulls,     \* the greatest order of a change of the version "null"
    uploads,   \* the starts of the multipart uploads in progress
    events,    \* all events so far, in the order in which they happened
    handled,   \* of these: some delivery succeeded. 0 stands for the time before the first.
    dead,      \* of these: will not be delivered again
    row,       \* the row of the key
    process    \* what each process is about to do, and what it has seen

vars == <<world, now, versions, nulls, uploads, events, handled, dead, row, process>>
bucket == <<world, now, versions, nulls, uploads, events>>

With(clause) == Without # clause

Tolerance == 1    \* TOLERANCE of model/order.py
Clocks == 2       \* CLOCKS of model/timestamps.py

\* Sequencers are times as well: of a put its own, of an upload that of its start.
BeforeAll == 0    \* BEFORE_ALL of model/row.py
Low == 1          \* implausible: before 2006
First == 2        \* the time at first; every real sequencer is greater
High == 99        \* implausible: after our clock
Implausible(r) == r.seq \in {Low, High}

\* Names of events, as they compare as text. Of two of one moment the greater is kept.
Lifecycle == 0    \* LifecycleExpiration:...
Upload == 1       \* ObjectCreated:CompleteMultipartUpload
Other == 2        \* ObjectCreated:Put and later ones, ObjectRemoved:..., Reconciled
Left == 3         \* OutOfScope: never compared with others

\* etag 0: there is no object. id 0: the version "null". asked 0: not of a lookup.
NoRow == [has |-> FALSE, seq |-> -1, time |-> 0, name |-> Other, etag |-> 0, id |-> 0,
          asked |-> 0, tag |-> 0, healed |-> FALSE, inspected |-> 0]
Nothing == [n |-> 0, id |-> 0, order |-> 0, seq |-> 0, etag |-> 0]
Idle == [at |-> "idle", why |-> {}, done |-> {}, seen |-> NoRow, clock |-> 0, found |-> Nothing]

Max(S) == CHOOSE x \in S : \A y \in S : y <= x
WithoutVersion(i) == SubSeq(versions, 1, i - 1) \o SubSeq(versions, i + 1, Len(versions))

Current == IF versions = <<>> \/ versions[1].etag = 0 THEN Nothing ELSE versions[1]

(* ------------------------------ The bucket ------------------------------- *)

Versioned == world.versioning = "enabled"
Marks == world.versioning # "never"     \* whether a delete leaves a marker

\* The next change happens at `t`. The times of events are early and late in turn, so each differs
\* from those before and after it by as much as there can be.
Emit(kind, t, seq, etag, id) ==
    LET d == IF Len(events) % 2 = 0 THEN world.deviation ELSE -world.deviation IN
    /\ now' = t
    /\ events' = Append(events, [kind |-> kind, n |-> t, seq |-> seq, time |-> t + d, etag |-> etag, id |-> id])

\* Insert version `v` where its order is, and replace the version "null" by another one.
Push(v) ==
    IF v.id = 0 /\ v.order < nulls
    THEN UNCHANGED <<versions, nulls>>
    ELSE LET kept == SelectSeq(versions, LAMBDA w : v.id # 0 \/ w.id # 0)
             newer == SelectSeq(kept, LAMBDA w : w.order > v.order)
             older == SelectSeq(kept, LAMBDA w : w.order <= v.order) IN
         /\ versions' = newer \o <<v>> \o older
         /\ nulls' = IF v.id = 0 THEN v.order ELSE nulls

Version(t, order, seq, etag) ==
    [n |-> t, id |-> IF Versioned THEN t ELSE 0, order |-> order, seq |-> seq, etag |-> etag]

\* An ETag may come twice, which matters to inspections only.
Etags(t) == IF Inspection THEN {1, t} ELSE {t}

More == Len(events) + Cardinality(uploads) < MaxChanges

Put == /\ More
       /\ \E g \in Gaps : LET t == now + g IN
          \E etag \in Etags(t) : LET v == Version(t, t, t, etag) IN
            Push(v) /\ Emit("put", t, t, etag, v.id)
       /\ UNCHANGED <<world, uploads, handled, dead, row, process>>

\* How S3 orders uploads is open until there is one.
Start == /\ More
         /\ \E o \in Orders : world.order \in {"open", o} /\ world' = [world EXCEPT !.order = o]
         /\ now' = now + 1 /\ uploads' = uploads \union {now + 1}
         /\ UNCHANGED <<versions, nulls, events, handled, dead, row, process>>

Complete == /\ \E s \in uploads, g \in Gaps : LET t == now + g IN
               \E etag \in Etags(t) :
                 LET v == Version(t, IF world.order = "start" THEN s ELSE t, s, etag) IN
                   Push(v) /\ Emit("upload", t, s, etag, v.id) /\ uploads' = uploads \ {s}
            /\ UNCHANGED <<world, handled, dead, row, process>>

\* Without a version id, by a request or by a lifecycle rule. The sequencer of the latter's event,
\* and of every removal, is not its own, and the code does not read it.
Delete == /\ More
          /\ \E g \in Gaps, lifecycle \in BOOLEAN : LET t == now + g IN
             /\ lifecycle => Marks /\ Current # Nothing
             /\ IF Marks
                THEN /\ Push(Version(t, t, t, 0))
                     /\ IF lifecycle
                        THEN Emit("expiration", t, IF With("needs a lookup") THEN 0 ELSE versions[1].seq, 0, 0)
                        ELSE Emit("marker", t, t, 0, 0)
                ELSE /\ versions # <<>> /\ versions' = <<>> /\ nulls' = t
                     /\ Emit("removal", t, IF With("needs a lookup") THEN 0 ELSE t, 0, 0)
          /\ UNCHANGED <<world, uploads, handled, dead, row, process>>

Remove == /\ More /\ Marks
          /\ \E i \in 1..Len(versions), g \in Gaps : LET t == now + g IN
             /\ versions' = WithoutVersion(i)
             /\ nulls' = IF versions[i].id = 0 THEN t ELSE nulls
             /\ Emit("removal", t, IF With("needs a lookup") THEN 0 ELSE t, 0, 0)
          /\ UNCHANGED <<world, uploads, handled, dead, row, process>>

Switch == /\ Switching
          /\ world' = [world EXCEPT !.versioning = IF @ = "enabled" THEN "suspended" ELSE "enabled"]
          /\ UNCHANGED <<now, versions, nulls, uploads, events, handled, dead, row, process>>

\* An event that S3 did not send, of another time. `ingest` drops its implausible sequencer.
Forge == /\ More /\ Forgery
         /\ now' = now + 1
         /\ events' = Append(events, [kind |-> "forged", n |-> now + 1,
               seq |-> IF With("implausible events need a lookup") THEN 0 ELSE High, time |-> 50, etag |-> 1, id |-> 0])
         /\ UNCHANGED <<world, versions, nulls, uploads, handled, dead, row, process>>

(* ------------------------------- The order ------------------------------- *)

SelfContained(e) ==
    \/ e.kind \in {"put", "upload", "marker"}
    \/ ~With("needs a lookup") /\ e.kind \in {"expiration", "removal"}
    \/ ~With("implausible events need a lookup") /\ e.kind = "forged"

NameOf(e) == IF e.kind = "upload" THEN Upload ELSE IF e.kind = "expiration" THEN Lifecycle ELSE Other
IsUpload(e) == e.kind = "upload" /\ With("uploads are spans")

\* `superseded` of model/order.py.
Superseded(e, r) ==
    /\ SelfContained(e) /\ r.seq >= e.seq
    /\ IF IsUpload(e) /\ r.seq > e.seq
       THEN /\ r.asked = 0 \/ ~With("an upload may be later than a lookup")
            /\ r.time > e.time + (IF With("margin of uploads") THEN Tolerance ELSE 0)
       ELSE r.time >= e.time - Tolerance

\* `Store.supersedes`.
Supersedes(r, e) ==
    /\ r.has /\ Superseded(e, r)
    /\ ~Implausible(r) \/ ~With("implausible rows supersede nothing")

RowOf(e) == [NoRow EXCEPT !.has = TRUE, !.seq = e.seq, !.time = e.time, !.name = NameOf(e),
                          !.etag = e.etag, !.id = e.id]

\* ACCEPTS_EVENT of table/conditions.py.
EventIsNewer(e) == row.seq < e.seq \/ ~With("EVENT_IS_NEWER")
TimesAgree(e) == row.time <= e.time + Tolerance
NotOfAnUpload == row.name # Upload \/ ~With("NOT_OF_AN_UPLOAD") \/ ~With("uploads are spans")
CertainlyEarlier(e) == row.time < e.time - (IF With("margin of uploads") THEN Tolerance ELSE 0)
NeverLookedUp == row.asked = 0 \/ ~With("NEVER_LOOKED_UP")
LookedUpBefore(e) == row.asked < (IF IsUpload(e) THEN 0 ELSE e.time - (IF With("CLOCKS") THEN Clocks ELSE 0))
NeverHealed == ~row.healed \/ ~With("NEVER_HEALED")
Accepts(e) ==
    \/ ~row.has
    \/ /\ EventIsNewer(e)
       /\ (TimesAgree(e) /\ NotOfAnUpload) \/ CertainlyEarlier(e)
       /\ NeverLookedUp \/ (LookedUpBefore(e) /\ NeverHealed)

(* ------------------------------- Deliveries ------------------------------ *)

InScope == world.scope = "in"

\* `_latest` of ingestion/delivery.py: the event that certainly supersedes the others, or 0.
Latest(B) ==
    IF \E i \in B : ~SelfContained(events[i]) THEN 0
    ELSE LET l == CHOOSE i \in B : \A j \in B : events[j].seq <= events[i].seq IN
         IF ~With("newest of a delivery") \/ \A i \in B : i = l \/ Superseded(events[i], RowOf(events[l])) THEN l ELSE 0

\* A process reads the row and then its clock, just before it asks S3 for the key. The error of the
\* clock is added when the result is written, because nothing depends on it before.
Asks(c) == [c EXCEPT !.at = "ask", !.seen = row, !.clock = now]

\* The PutItem of `l`, with its condition. If that is refused, or nothing can be put, a lookup
\* decides: at once, or after others have changed the row again.
Deliver ==
    /\ InScope \/ ~With("ignored out of the scope")
    /\ \E B \in SUBSET ((1..Len(events)) \ dead) : LET l == Latest(B) IN
       /\ B # {} /\ Cardinality(B) <= MaxTogether
       /\ IF l # 0 /\ Accepts(events[l])
          THEN row' = RowOf(events[l]) /\ handled' = handled \union B /\ UNCHANGED process
          ELSE IF l # 0 /\ Supersedes(row, events[l])
          THEN handled' = handled \union B /\ UNCHANGED <<row, process>>
          ELSE /\ \E p \in Processes : LET c == [Idle EXCEPT !.at = "read", !.why = IF l = 0 THEN B ELSE {l}, !.done = B] IN
                  /\ process[p] = Idle
                  /\ process' = [process EXCEPT ![p] = IF l = 0 THEN Asks(c) ELSE c]
               /\ handled' = IF With("fails until its keys are done") THEN handled ELSE handled \union B
               /\ UNCHANGED row
    /\ UNCHANGED <<bucket, dead>>

(* -------------------------------- Lookups -------------------------------- *)

\* `from_lookup` of model/row.py.
Result(seen, found, clock, why) ==
    LET heals == seen.has /\ Implausible(seen) /\ With("heals")
        left == seen.name = Left
        causes == {events[i] : i \in why}
        before == IF seen.has /\ ~heals /\ With("greatest sequencer") THEN {seen.seq} ELSE {}
        moments == {<<e.time, NameOf(e)>> : e \in causes}
          \union (IF why = {} THEN {<<IF found = Nothing THEN clock ELSE found.seq, Other>>} ELSE {})
          \union (IF seen.has /\ ~(left /\ found # Nothing)
                  THEN {<<seen.time, IF why = {} \/ left THEN Other ELSE seen.name>>} ELSE {})
        last == CHOOSE m \in moments : \A o \in moments : o[1] < m[1] \/ (o[1] = m[1] /\ o[2] <= m[2])
        \* The code adds a microsecond to the time of a lookup of the same moment: any tag that no
        \* process has seen is as good.
        tags == {process[p].seen.tag : p \in Processes} \union {row.tag}
        same == seen.has /\ seen.etag # 0 /\ found.id # 0 /\ found.id = seen.id
    IN [has |-> TRUE,
        seq |-> Max(before \union {BeforeAll} \union {e.seq : e \in {c \in causes : SelfContained(c)}}),
        time |-> IF last[1] > clock + Clocks THEN clock + Clocks ELSE last[1],
        name |-> last[2], etag |-> found.etag, id |-> found.id,
        asked |-> IF With("a lookup is marked") THEN Max({clock, seen.asked}) ELSE 0,
        tag |-> IF With("asked_at grows") THEN CHOOSE t \in 0..5 : t \notin tags /\ \A u \in 0..5 : u < t => u \in tags ELSE 0,
        healed |-> (heals \/ seen.healed) /\ With("healed_at"),
        inspected |-> IF same \/ ~With("a lookup keeps only what it inspected") THEN seen.inspected ELSE 0]

Agree(r, found) == (r.has /\ r.etag # 0 /\ r.etag = found.etag /\ (r.id = 0 \/ r.id = found.id))
                   \/ (found = Nothing /\ (~r.has \/ r.etag = 0))

\* ROW_UNCHANGED, LOOKED_UP_ROW_UNCHANGED and INSPECTION_UNCHANGED.
Unchanged(seen) ==
    /\ row.has = seen.has /\ row.seq = seen.seq /\ row.asked = seen.asked
    /\ row.tag = seen.tag
    /\ row.inspected = seen.inspected \/ ~With("INSPECTION_UNCHANGED")

Read == /\ \E p \in Processes : LET c == process[p] IN
           /\ c.at = "read"
           /\ IF c.why # {} /\ \A i \in c.why : Supersedes(row, events[i])
              THEN process' = [process EXCEPT ![p] = Idle] /\ handled' = handled \union c.done
              ELSE process' = [process EXCEPT ![p] = Asks(c)] /\ UNCHANGED handled
        /\ UNCHANGED <<bucket, dead, row>>

Ask == /\ \E p \in Processes : LET c == process[p] IN
          /\ c.at = "ask"
          /\ process' = [process EXCEPT ![p] = [c EXCEPT !.at = "replace", !.found = Current]]
       /\ UNCHANGED <<bucket, handled, dead, row>>

Replace == /\ \E p \in Processes : LET c == process[p] IN
              /\ c.at = "replace"
              /\ IF /\ c.why = {} \/ ~With("always written")
                    /\ Agree(c.seen, c.found)
                    /\ ~Implausible(c.seen) \/ ~With("a reconcile heals")
                 THEN handled' = handled \union c.done /\ process' = [process EXCEPT ![p] = Idle] /\ UNCHANGED row
                 ELSE IF Unchanged(c.seen) \/ ~With("ROW_UNCHANGED")
                 THEN /\ \E e \in {-ClockError, ClockError} : row' = Result(c.seen, c.found, c.clock + e, c.why)
                      /\ handled' = handled \union c.done /\ process' = [process EXCEPT ![p] = Idle]
                 ELSE /\ process' = [process EXCEPT ![p] = [Idle EXCEPT !.at = "read", !.why = c.why, !.done = c.done]]
                      /\ UNCHANGED <<row, handled>>
           /\ UNCHANGED <<bucket, dead>>

Crash == /\ \E p \in Processes : process[p] # Idle /\ process' = [process EXCEPT ![p] = Idle]
         /\ UNCHANGED <<bucket, handled, dead, row>>

(* ------------------------------- Reconcile ------------------------------- *)

\* In `handled`, -1 is that a reconcile has compared the key since it came back to the scope.
Compared == IF Scoping THEN {-1} ELSE {}

HasLeft == row.has /\ row.etag = 0 /\ row.name = Left

\* It may run at any time. It answers for all changes until then if those events that are not
\* handled are lost: none is delivered any more. But not for a deletion during an upload that S3
\* orders by its start: without its event there is no tombstone, which that of the upload must find.
Reconcile ==
    /\ Losses \/ Scoping
    /\ InScope
    /\ \E p \in Processes, answers \in BOOLEAN :
         /\ process[p] = Idle
         /\ IF answers THEN world.order = "start" => uploads = {} ELSE ~(0..Len(events) \subseteq handled)
         /\ process' = [process EXCEPT ![p] = [Idle EXCEPT !.at = "list", !.clock = now,
                                               !.done = IF answers THEN Compared \union 0..Len(events) ELSE {}]]
         /\ dead' = IF answers THEN dead \union ((1..Len(events)) \ handled) ELSE dead
    /\ UNCHANGED <<bucket, handled, row>>

List == /\ \E p \in Processes : process[p].at = "list"
             /\ process' = [process EXCEPT ![p].at = "compare", ![p].found = Current]
        /\ UNCHANGED <<bucket, handled, dead, row>>

Compare == /\ \E p \in Processes : LET c == process[p] IN
              /\ c.at = "compare"
              /\ IF Agree(row, c.found) /\ (~Implausible(row) \/ ~With("a reconcile heals"))
                 THEN process' = [process EXCEPT ![p] = Idle] /\ handled' = handled \union c.done
                 ELSE /\ process' = [process EXCEPT ![p] = IF row.has /\ ~HasLeft THEN [Idle EXCEPT !.at = "read", !.done = c.done]
                                                           ELSE [c EXCEPT !.at = "insert"]]
                      /\ UNCHANGED handled
           /\ UNCHANGED <<bucket, dead, row>>

\* The tombstone of a key that left is replaced without a lookup if the listing is later.
Insert == /\ \E p \in Processes, e \in {-ClockError, ClockError} :
             LET c == process[p]
                 returns == HasLeft /\ row.asked < c.clock + e - Clocks IN
             /\ c.at = "insert"
             /\ IF row.has /\ ~returns /\ With("ROW_MISSING")
                THEN /\ process' = [process EXCEPT ![p] = [Idle EXCEPT !.at = "read", !.done = c.done]]
                     /\ UNCHANGED <<row, handled>>
                ELSE /\ row' = Result(IF returns THEN row ELSE NoRow, c.found, c.clock + e, {})
                     /\ handled' = handled \union c.done /\ process' = [process EXCEPT ![p] = Idle]
          /\ UNCHANGED <<bucket, dead>>

(* ------------------------------- Tombstones ------------------------------ *)

\* Sixty days after a deletion everything that happened until then has been handled or lost, and no
\* process or upload of then is in progress: see rule 5.
Expire ==
    LET base == IF row.asked = 0 THEN row.seq ELSE row.asked + 1
        old == {i \in 1..Len(events) : events[i].n <= base \/ (events[i].seq # 0 /\ events[i].seq <= base)}
        late == With("tombstones are kept") IN
    /\ Expiry /\ row.has /\ row.etag = 0 /\ ~Implausible(row)
    /\ late => /\ old \subseteq handled \union dead
               /\ \A p \in Processes : process[p] = Idle \/ process[p].clock > base
    /\ row' = NoRow
    /\ dead' = IF late THEN dead \union old ELSE dead
    /\ uploads' = IF late THEN {s \in uploads : s > base} ELSE uploads
    /\ UNCHANGED <<world, now, versions, nulls, events, handled, process>>

(* --------------------------------- Scope --------------------------------- *)

\* A deployment takes the prefix of the key away. Lookups that began before go on.
Leave == /\ Scoping /\ InScope /\ world' = [world EXCEPT !.scope = "out"]
         /\ UNCHANGED <<now, versions, nulls, uploads, events, handled, dead, row, process>>

\* Then the rows are removed: each is read, and replaced by a tombstone. If no lookup from before is
\* in progress any more, the catalog is rid of the key afterwards.
Detach == /\ world.scope = "out"
          /\ \E p \in Processes : LET last == \A q \in Processes : process[q] = Idle IN
             /\ process[p] = Idle
             /\ process' = [process EXCEPT ![p] = [Idle EXCEPT !.at = "detach", !.done = IF last THEN {0} ELSE {},
                                                               !.seen = row, !.clock = now]]
          /\ UNCHANGED <<bucket, handled, dead, row>>

RemoveRow ==
    /\ \E p \in Processes : LET c == process[p] IN
       /\ c.at = "detach"
       /\ IF c.seen.etag # 0 /\ ~Unchanged(c.seen) /\ With("ROW_UNCHANGED")
          THEN process' = [process EXCEPT ![p] = [c EXCEPT !.seen = row, !.clock = now]] /\ UNCHANGED <<world, row>>
          ELSE /\ process' = [process EXCEPT ![p] = Idle]
               /\ world' = [world EXCEPT !.scope = IF c.done = {} THEN "out" ELSE "gone"]
               /\ IF c.seen.etag = 0 THEN UNCHANGED row
                  ELSE \E e \in {-ClockError, ClockError} :
                    row' = IF With("a tombstone of what left")
                           THEN [Result(c.seen, Nothing, c.clock + e, {}) EXCEPT !.name = Left] ELSE NoRow
    /\ UNCHANGED <<now, versions, nulls, uploads, events, handled, dead>>

\* The prefix is there again, and no removal goes on.
Return == /\ ~InScope /\ \A p \in Processes : process[p].at # "detach"
          /\ world' = [world EXCEPT !.scope = "in", !.back = Len(events)]
          /\ handled' = handled \ Compared
          /\ UNCHANGED <<now, versions, nulls, uploads, events, dead, row, process>>

(* ------------------------------- Inspection ------------------------------ *)

Inspect == /\ Inspection /\ row.etag # 0 /\ row.inspected = 0
           /\ \E p \in Processes : process[p] = Idle /\ process' = [process EXCEPT ![p] = [Idle EXCEPT !.at = "get", !.seen = row]]
           /\ UNCHANGED <<bucket, handled, dead, row>>

\* By version id, or with If-Match. If there is no such object, that is the end.
Get == /\ \E p \in Processes : LET c == process[p]
            got == IF c.seen.id # 0 THEN SelectSeq(versions, LAMBDA v : v.id = c.seen.id)
                   ELSE IF Current.etag = c.seen.etag THEN <<Current>> ELSE <<>> IN
            /\ c.at = "get"
            /\ process' = [process EXCEPT ![p] = IF got = <<>> THEN Idle ELSE [c EXCEPT !.at = "record", !.found = got[1]]]
       /\ UNCHANGED <<bucket, handled, dead, row>>

SameVersion(seen) == row.id = seen.id \/ ~With("SAME_VERSION")
SameUnversionedObject(seen) == /\ row.id = 0 /\ row.etag = seen.etag
                               /\ With("inspected row is unchanged") => row.seq = seen.seq /\ row.asked = seen.asked /\ row.tag = seen.tag

Record == /\ \E p \in Processes : LET c == process[p] IN
             /\ c.at = "record"
             /\ row' = IF row.has /\ (IF c.seen.id # 0 THEN SameVersion(c.seen) ELSE SameUnversionedObject(c.seen))
                       THEN [row EXCEPT !.inspected = c.found.n] ELSE row
             /\ process' = [process EXCEPT ![p] = Idle]
          /\ UNCHANGED <<bucket, handled, dead>>

(* ----------------------------- The whole system -------------------------- *)

\* The catalog may be newer than the object, or have a row of a forged event.
Init == /\ world \in [versioning : Versionings, order : {"open"}, deviation : {-Deviation, Deviation},
                       scope : {"in"}, back : {-1}]
        /\ now = First /\ nulls = 0 /\ uploads = {} /\ events = <<>> /\ dead = {}
        /\ process = [p \in Processes |-> Idle]
        /\ LET old == [Version(First, First, First, First) EXCEPT !.id = IF Versioned THEN First ELSE 0] IN
           \/ versions = <<>> /\ row = NoRow /\ handled = {0}
           \/ Losses /\ versions = <<old>> /\ row = NoRow /\ handled = {}
           \/ /\ Forgery /\ versions \in {<<>>, <<old>>} /\ handled = {}
              /\ row \in {[NoRow EXCEPT !.has = TRUE, !.seq = s, !.time = IF s = Low THEN 0 ELSE 50, !.etag = e,
                             !.id = IF e = 0 THEN 0 ELSE old.id] : s \in {Low, High}, e \in {0, First}}

Next == \/ Put \/ Start \/ Complete \/ Delete \/ Remove \/ Switch \/ Forge
        \/ Deliver \/ Read \/ Ask \/ Replace \/ Crash \/ Expire
        \/ Reconcile \/ List \/ Compare \/ Insert \/ Inspect \/ Get \/ Record
        \/ Leave \/ Detach \/ RemoveRow \/ Return

Spec == Init /\ [][Next]_vars

(* --------------------------------- Claims -------------------------------- *)

\* The last change. Where S3 orders uploads by their start, one that completed last may have been
\* superseded before: then that is all changes from the last that is no upload.
Last == IF world.order # "start" THEN {Len(events)}
        ELSE {i \in 0..Len(events) : \A j \in (i + 1)..Len(events) : events[j].kind = "upload"}

\* As soon as the last change is handled the row is right, whatever became of the earlier events
\* and however often they are delivered from then on. A lost event is handled by a reconcile.
\* After it came back to the scope a change must follow, or a reconcile.
Done == InScope /\ Last \subseteq handled /\ (Len(events) > world.back \/ Compared \subseteq handled)
EndsEqual == Done => row.etag = Current.etag /\ (row.etag # 0 => row.id = Current.id)

\* The catalog has no object of a key that left, once its row was removed after the last lookup.
LeavesNone == world.scope = "gone" => row.etag = 0

\* ... and a forged sequencer is gone by then.
Healed == Done => row.seq # High

\* A sequencer falls only where a heal marks it, or a tombstone expires.
NeverFalls == [][row'.seq < row.seq => ~row'.has \/ (~row.healed /\ row'.healed)]_row

\* The place of a row in the change feed, (healed_at, sequencer, asked_at), never falls.
FeedInOrder == [][row.has /\ row'.has /\ row'.inspected = row.inspected =>
    \/ ~row.healed /\ row'.healed
    \/ row.healed = row'.healed /\ (row.seq < row'.seq \/ (row.seq = row'.seq /\
        (row.asked < row'.asked \/ (row.asked = row'.asked /\ row.tag # row'.tag))))]_row

\* A result is of the version of its row; without versions of an object with the row's ETag, and in
\* the end, if no event is lost, of that very object.
InspectedRight == row.inspected # 0 =>
    /\ row.etag # 0
    /\ row.id # 0 => row.inspected = row.id
    /\ ~Losses /\ Done => row.inspected = Current.n

\* A lookup does not lose the result of the same version.
InspectionKept == [][row.inspected # 0 /\ row'.asked # 0 /\ row.id # 0 /\ row'.id = row.id => row'.inspected = row.inspected]_row
==============================================================================
