-------------------------------- MODULE Totals -------------------------------
(* The totals: each change of the table is counted once, as lambdas/s3_catalog/totals does it.         *)
(*                                                                                                     *)
(* The table's stream has shards. A change adds 1 to the number of objects of a folder, or takes 1     *)
(* away. Lambda reads a shard in order, but in batches that it cuts as it likes, and from any record   *)
(* at or before the first that no invocation has acknowledged: retries, halves, redrives. An           *)
(* invocation counts its batch in parts, a transaction each, and may end between any two of them.      *)
(* Several may run at once. A recount runs beside them, and so does the deletion of the totals of a     *)
(* folder without objects.                                                                             *)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    MaxChanges,    \* of rows
    Folders,       \* such as {1, 2}
    Invocations,   \* at the same time, such as {1, 2}
    MaxPart,       \* changes in one transaction
    Splits,        \* whether the first shard ends, and a child shard goes on
    Recounts,      \* at the same time, such as {1, 2}; with {} no change is lost
    MaxForgets,    \* deletions of the totals of a folder without objects
    Without        \* the clause that is left out, to see that it is needed; "" has all

VARIABLES
    stream,        \* of each shard the records: [folder, by]
    ended,         \* the first shard has ended, the next change goes to its child
    rows,          \* of each folder the number of objects
    checkpoint,    \* of each shard the number of its records that are counted
    totals,        \* of each folder and counter shard [sum, changes]; with 0 changes there is no item
    acknowledged,  \* of each shard the number of records that Lambda will not deliver again
    lost,          \* <<shard, number>> of records that were not counted, and that no recount corrected
    invocation,
    recount,
    forget,        \* the deletion at work: the folder, and its items as they were read
    forgets        \* deletions begun

vars == <<stream, ended, rows, checkpoint, totals, acknowledged, lost, invocation, recount, forget, forgets>>

With(clause) == Without # clause
Shards == {1, 2}
Counters == {1, 2}
Absent == [sum |-> 0, changes |-> 0]
None == [c \in Counters |-> Absent]
Nothing == [f \in Folders |-> None]
Idle == [at |-> "idle", shard |-> 1, next |-> 0, last |-> 0, first |-> 0]
Resting == [at |-> "idle", before |-> Nothing, after |-> Nothing, rows |-> [f \in Folders |-> 0],
            until |-> [s \in Shards |-> 0]]
Unread == [at |-> "idle", folder |-> 0, items |-> None]

RECURSIVE Sum(_, _, _, _)
Sum(s, f, i, j) == IF i > j THEN 0 ELSE (IF stream[s][i].folder = f THEN stream[s][i].by ELSE 0) + Sum(s, f, i + 1, j)
Number(s, f, i, j) == Cardinality({k \in i..j : stream[s][k].folder = f})

Changes == Len(stream[1]) + Len(stream[2])

Change == /\ Changes < MaxChanges
          /\ \E f \in Folders, by \in {-1, 1} :
               /\ rows[f] + by >= 0
               /\ rows' = [rows EXCEPT ![f] = @ + by]
               /\ stream' = [stream EXCEPT ![IF ended THEN 2 ELSE 1] = Append(@, [folder |-> f, by |-> by])]
          /\ UNCHANGED <<ended, checkpoint, totals, acknowledged, lost, invocation, recount, forget, forgets>>

Split == /\ Splits /\ ~ended /\ ended' = TRUE
         /\ UNCHANGED <<stream, rows, checkpoint, totals, acknowledged, lost, invocation, recount, forget, forgets>>

\* A batch from any record that may be delivered, but none that was discarded. Lambda reads a child
\* after its parent.
Invoke == /\ \E p \in Invocations, s \in Shards : \E i \in 1..(acknowledged[s] + 1), j \in 1..Len(stream[s]) :
               /\ i <= j /\ invocation[p] = Idle
               /\ Recounts # {} => i = acknowledged[s] + 1
               /\ s = 2 => acknowledged[1] = Len(stream[1])
               /\ invocation' = [invocation EXCEPT ![p] = [at |-> "count", shard |-> s, first |-> i, next |-> i, last |-> j]]
          /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, recount, forget, forgets>>

\* A new item has a number of changes that no deleted one had: the code takes the time.
Grown(item, by, n) == [sum |-> item.sum + by,
    changes |-> n + IF item.changes # 0 THEN item.changes ELSE IF With("no number comes again") THEN 10 * forgets ELSE 0]

\* The totals after the records `i` to `j` of shard `s`, which writes to a counter shard of its own.
Added(s, i, j) == [f \in Folders |->
    LET n == Number(s, f, i, j) IN
    IF n = 0 THEN totals[f] ELSE [totals[f] EXCEPT ![s] = Grown(@, Sum(s, f, i, j), n)]]

Mark(s) == IF With("a checkpoint a shard") THEN s ELSE 1

\* One transaction: NOT_YET_COUNTED, the checkpoint, the totals. A refusal returns the checkpoint, and
\* the changes up to it are left out.
Count == /\ \E p \in Invocations : LET c == invocation[p]
                s == c.shard
                j == IF c.next + MaxPart - 1 < c.last THEN c.next + MaxPart - 1 ELSE c.last IN
            /\ c.at = "count" /\ c.next <= c.last
            /\ IF checkpoint[Mark(s)] < c.next \/ ~With("NOT_YET_COUNTED")
                  \/ (~With("cut anew") /\ checkpoint[Mark(s)] < j)
               THEN /\ checkpoint' = [checkpoint EXCEPT ![Mark(s)] = IF With("checkpoint of the last change") THEN j ELSE c.next]
                    /\ totals' = IF With("one transaction") THEN Added(s, c.next, j) ELSE totals
                    /\ invocation' = [invocation EXCEPT ![p] = IF With("one transaction") THEN [c EXCEPT !.next = j + 1]
                                                               ELSE [c EXCEPT !.at = "add"]]
               ELSE /\ invocation' = [invocation EXCEPT ![p].next =
                         IF With("the rest is counted") THEN checkpoint[Mark(s)] + 1 ELSE c.last + 1]
                    /\ UNCHANGED <<checkpoint, totals>>
         /\ UNCHANGED <<stream, ended, rows, acknowledged, lost, recount, forget, forgets>>

\* Only without "one transaction": the totals after the checkpoint.
Add == /\ \E p \in Invocations : LET c == invocation[p]
              s == c.shard
              j == IF c.next + MaxPart - 1 < c.last THEN c.next + MaxPart - 1 ELSE c.last IN
          /\ c.at = "add"
          /\ totals' = Added(s, c.next, j)
          /\ invocation' = [invocation EXCEPT ![p] = [c EXCEPT !.at = "count", !.next = j + 1]]
       /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, lost, recount, forget, forgets>>

Acknowledge == /\ \E p \in Invocations : LET c == invocation[p] IN
                  /\ c.at = "count" /\ c.next > c.last
                  /\ invocation' = [invocation EXCEPT ![p] = Idle]
                  /\ acknowledged' = [acknowledged EXCEPT ![c.shard] = IF @ < c.last THEN c.last ELSE @]
               /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, lost, recount, forget, forgets>>

Crash == /\ \E p \in Invocations : invocation[p] # Idle /\ invocation' = [invocation EXCEPT ![p] = Idle]
         /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, recount, forget, forgets>>

\* What `totals` failed to count for too long: Lambda goes on behind it.
Discard == /\ Recounts # {}
           /\ \E s \in Shards : LET i == acknowledged[s] + 1 IN
                /\ i <= Len(stream[s])
                /\ s = 2 => acknowledged[1] = Len(stream[1])
                /\ \A p \in Invocations : invocation[p] # Idle => invocation[p].shard # s \/ i > invocation[p].last
                /\ acknowledged' = [acknowledged EXCEPT ![s] = i]
                /\ lost' = IF i > checkpoint[s] THEN lost \union {<<s, i>>} ELSE lost
           /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, invocation, recount, forget, forgets>>

(* A recount: the counted numbers, the rows, a wait, the counted numbers again, a correction. *)

RecountBegin == /\ \E p \in Recounts :
                      /\ recount[p] = Resting
                      /\ recount' = [recount EXCEPT ![p].at = "rows", ![p].before = totals]
                /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, invocation, forget, forgets>>

Total(t) == t[1].sum + t[2].sum

\* Folders that differ, but have no item for corrections. Whether none was counted cannot be seen by an
\* item that is missing both times: it may have been deleted. So it is made, and the recount begins anew.
WithoutItem(r) == {f \in Folders : With("an item first") /\ r.rows[f] # Total(r.before[f]) /\ r.before[f][1] = Absent}

RecountRows == /\ \E p \in Recounts :
                     /\ recount[p].at = "rows"
                     /\ LET r == [recount[p] EXCEPT !.rows = rows, !.until = [s \in Shards |-> Len(stream[s])]] IN
                        recount' = [recount EXCEPT ![p] = [r EXCEPT !.at = IF WithoutItem(r) = {} THEN "wait" ELSE "items"]]
               /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, invocation, forget, forgets>>

RecountItems == /\ \E p \in Recounts :
                      /\ recount[p].at = "items"
                      /\ totals' = [f \in Folders |->
                           IF f \in WithoutItem(recount[p]) /\ totals[f][1] = Absent
                           THEN [totals[f] EXCEPT ![1] = Grown(@, 0, 1)] ELSE totals[f]]
                      /\ recount' = [recount EXCEPT ![p] = Resting]
                /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, lost, invocation, forget, forgets>>

\* All that was written before the rows were read is counted, or will never be.
Waited(until) == \A s \in Shards : /\ until[s] <= acknowledged[s]
                                   /\ \A p \in Invocations : invocation[p] = Idle \/ invocation[p].shard # s
                                                           \/ invocation[p].next > until[s]

RecountAgain == /\ \E p \in Recounts :
                      /\ recount[p].at = "wait"
                      /\ With("wait") => Waited(recount[p].until)
                      /\ recount' = [recount EXCEPT ![p].at = "correct", ![p].after = totals]
                /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, invocation, forget, forgets>>

\* A folder is corrected if none of its changes was counted meanwhile, by a transaction on the condition
\* that the first counter shard, which has the corrections, is as it was.
AtRest(r, f) == /\ (\A c \in Counters : r.after[f][c].changes = r.before[f][c].changes) \/ ~With("only folders at rest")
                /\ totals[f][1].changes = r.after[f][1].changes \/ ~With("guard")

Correct == /\ \E p \in Recounts :
                 LET r == recount[p]
                     By(f) == IF AtRest(r, f) THEN r.rows[f] - Total(r.before[f]) ELSE 0 IN
                 /\ r.at = "correct"
                 /\ totals' = [f \in Folders |-> IF By(f) = 0 THEN totals[f] ELSE
                      [totals[f] EXCEPT ![1] = Grown(@, By(f), 1)]]
                 /\ lost' = {l \in lost : l[2] > r.until[l[1]] \/ By(stream[l[1]][l[2]].folder) = 0}
                 /\ recount' = [recount EXCEPT ![p] = Resting]
           /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, invocation, forget, forgets>>

(* The deletion of the totals of a folder without objects: its items are read, then deleted in one     *)
(* transaction, on the condition that each is as it was read.                                          *)

ForgetRead == /\ forgets < MaxForgets /\ forget.at = "idle" /\ forgets' = forgets + 1
              /\ \E f \in Folders :
                   /\ totals[f] # None
                   /\ Total(totals[f]) = 0 \/ ~With("only empty folders")
                   /\ forget' = [at |-> "delete", folder |-> f, items |-> totals[f]]
              /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, lost, invocation, recount>>

Read(c) == forget.items[c] # Absent

ForgetDelete == /\ forget.at = "delete"
                /\ LET f == forget.folder
                       Unchanged(c) == totals[f][c] = forget.items[c] \/ ~With("unchanged items") IN
                   totals' = IF With("items in one transaction")
                             THEN IF \A c \in Counters : Read(c) => Unchanged(c)
                                  THEN [totals EXCEPT ![f] = [c \in Counters |-> IF Read(c) THEN Absent ELSE @[c]]]
                                  ELSE totals
                             ELSE [totals EXCEPT ![f] =
                                      [c \in Counters |-> IF Read(c) /\ Unchanged(c) THEN Absent ELSE @[c]]]
                /\ forget' = Unread
                /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, lost, invocation, recount, forgets>>

Init == /\ stream = [s \in Shards |-> <<>>] /\ ended = FALSE /\ rows = [f \in Folders |-> 0]
        /\ checkpoint = [s \in Shards |-> 0] /\ totals = Nothing /\ lost = {}
        /\ acknowledged = [s \in Shards |-> 0] /\ invocation = [p \in Invocations |-> Idle]
        /\ recount = [p \in Recounts |-> Resting] /\ forget = Unread /\ forgets = 0

Next == \/ Change \/ Split \/ Invoke \/ Count \/ Add \/ Acknowledge \/ Crash \/ Discard
        \/ RecountBegin \/ RecountRows \/ RecountItems \/ RecountAgain \/ Correct \/ ForgetRead \/ ForgetDelete

Spec == Init /\ [][Next]_vars

\* At any time the total of a folder is the sum of the changes up to the checkpoints, each once; and
\* of those that were lost, if a recount has corrected them.
Counted(s, i) == (i <= checkpoint[s] \/ i <= acknowledged[s]) /\ <<s, i>> \notin lost
RECURSIVE SumCounted(_, _, _)
SumCounted(s, f, i) == IF i = 0 THEN 0
    ELSE (IF Counted(s, i) /\ stream[s][i].folder = f THEN stream[s][i].by ELSE 0) + SumCounted(s, f, i - 1)
CountedOnce == \A f \in Folders :
    Total(totals[f]) = SumCounted(1, f, Len(stream[1])) + SumCounted(2, f, Len(stream[2]))

\* Once every change is counted, the totals are the numbers of the rows.
EndsEqual == (lost = {} /\ \A s \in Shards : acknowledged[s] = Len(stream[s])) =>
    \A f \in Folders : Total(totals[f]) = rows[f]
=============================================================================
