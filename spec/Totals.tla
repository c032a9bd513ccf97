-------------------------------- MODULE Totals -------------------------------
(* The totals: each change of the table is counted once, as lambdas/s3_catalog/totals does it.         *)
(*                                                                                                     *)
(* The table's stream has shards. A change adds 1 to the number of objects of a folder, or takes 1     *)
(* away. Lambda reads a shard in order, but in batches that it cuts as it likes, and from any record   *)
(* at or before the first that no invocation has acknowledged: retries, halves, redrives. An           *)
(* invocation counts its batch in parts, a transaction each, and may end between any two of them.      *)
(* Several may run at once. A recount runs beside them.                                                *)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    MaxChanges,    \* of rows
    Folders,       \* such as {1, 2}
    Invocations,   \* at the same time, such as {1, 2}
    MaxPart,       \* changes in one transaction
    Splits,        \* whether the first shard ends, and a child shard goes on
    Recounts,      \* whether a recount runs, and `totals` may lose changes before
    Without        \* the clause that is left out, to see that it is needed; "" has all

VARIABLES
    stream,        \* of each shard the records: [folder, by]
    ended,         \* the first shard has ended, the next change goes to its child
    rows,          \* of each folder the number of objects
    checkpoint,    \* of each shard the number of its records that are counted
    totals,        \* of each folder: [sum, changes]
    acknowledged,  \* of each shard the number of records that Lambda will not deliver again
    invocation,
    recount

vars == <<stream, ended, rows, checkpoint, totals, acknowledged, invocation, recount>>

With(clause) == Without # clause
Shards == {1, 2}
Idle == [at |-> "idle", shard |-> 1, next |-> 0, last |-> 0, first |-> 0]
Resting == [at |-> "idle", before |-> [f \in Folders |-> [sum |-> 0, changes |-> 0]], rows |-> [f \in Folders |-> 0],
            until |-> [s \in Shards |-> 0]]

RECURSIVE Sum(_, _, _, _)
Sum(s, f, i, j) == IF i > j THEN 0 ELSE (IF stream[s][i].folder = f THEN stream[s][i].by ELSE 0) + Sum(s, f, i + 1, j)
Number(s, f, i, j) == Cardinality({k \in i..j : stream[s][k].folder = f})

\* Records of a shard that a lost invocation skipped are never counted.
Changes == Len(stream[1]) + Len(stream[2])

Change == /\ Changes < MaxChanges
          /\ \E f \in Folders, by \in {-1, 1} :
               /\ rows[f] + by >= 0
               /\ rows' = [rows EXCEPT ![f] = @ + by]
               /\ stream' = [stream EXCEPT ![IF ended THEN 2 ELSE 1] = Append(@, [folder |-> f, by |-> by])]
          /\ UNCHANGED <<ended, checkpoint, totals, acknowledged, invocation, recount>>

Split == /\ Splits /\ ~ended /\ ended' = TRUE
         /\ UNCHANGED <<stream, rows, checkpoint, totals, acknowledged, invocation, recount>>

\* A batch from any record that may be delivered. Lambda reads a child after its parent.
Invoke == /\ \E p \in Invocations, s \in Shards : \E i \in 1..(acknowledged[s] + 1), j \in 1..Len(stream[s]) :
               /\ i <= j /\ invocation[p] = Idle
               /\ s = 2 => acknowledged[1] = Len(stream[1])
               /\ invocation' = [invocation EXCEPT ![p] = [at |-> "count", shard |-> s, first |-> i, next |-> i, last |-> j]]
          /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, recount>>

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
                    /\ totals' = IF With("one transaction") THEN
                         [f \in Folders |-> [sum |-> totals[f].sum + Sum(s, f, c.next, j),
                                             changes |-> totals[f].changes + Number(s, f, c.next, j)]] ELSE totals
                    /\ invocation' = [invocation EXCEPT ![p] = IF With("one transaction") THEN [c EXCEPT !.next = j + 1]
                                                               ELSE [c EXCEPT !.at = "add"]]
               ELSE /\ invocation' = [invocation EXCEPT ![p].next =
                         IF With("the rest is counted") THEN checkpoint[Mark(s)] + 1 ELSE c.last + 1]
                    /\ UNCHANGED <<checkpoint, totals>>
         /\ UNCHANGED <<stream, ended, rows, acknowledged, recount>>

\* Only without "one transaction": the totals after the checkpoint.
Add == /\ \E p \in Invocations : LET c == invocation[p]
              s == c.shard
              j == IF c.next + MaxPart - 1 < c.last THEN c.next + MaxPart - 1 ELSE c.last IN
          /\ c.at = "add"
          /\ totals' = [f \in Folders |-> [sum |-> totals[f].sum + Sum(s, f, c.next, j),
                                          changes |-> totals[f].changes + Number(s, f, c.next, j)]]
          /\ invocation' = [invocation EXCEPT ![p] = [c EXCEPT !.at = "count", !.next = j + 1]]
       /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, recount>>

Acknowledge == /\ \E p \in Invocations : LET c == invocation[p] IN
                  /\ c.at = "count" /\ c.next > c.last
                  /\ invocation' = [invocation EXCEPT ![p] = Idle]
                  /\ acknowledged' = [acknowledged EXCEPT ![c.shard] = IF @ < c.last THEN c.last ELSE @]
               /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, recount>>

Crash == /\ \E p \in Invocations : invocation[p] # Idle /\ invocation' = [invocation EXCEPT ![p] = Idle]
         /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, recount>>

\* What `totals` failed to count for too long: Lambda goes on behind it.
Discard == /\ Recounts
           /\ \E s \in Shards : /\ acknowledged[s] < Len(stream[s])
                                /\ s = 2 => acknowledged[1] = Len(stream[1])
                                /\ acknowledged' = [acknowledged EXCEPT ![s] = @ + 1]
           /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, invocation, recount>>

(* A recount: the counted numbers of a folder, the rows, a wait, the counted numbers again. *)

RecountBegin == /\ Recounts /\ recount.at = "idle"
                /\ recount' = [Resting EXCEPT !.at = "rows", !.before = totals]
                /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, invocation>>

RecountRows == /\ recount.at = "rows"
               /\ recount' = [recount EXCEPT !.at = "wait", !.rows = rows, !.until = [s \in Shards |-> Len(stream[s])]]
               /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, invocation>>

\* All that was written before the rows were read is counted, or will never be.
RecountWait == /\ recount.at = "wait"
               /\ With("wait") => /\ \A s \in Shards : recount.until[s] <= acknowledged[s]
                                  /\ \A p \in Invocations : invocation[p].at = "idle" \/ invocation[p].first > recount.until[invocation[p].shard]
               /\ recount' = [recount EXCEPT !.at = "correct"]
               /\ UNCHANGED <<stream, ended, rows, checkpoint, totals, acknowledged, invocation>>

Correct == /\ recount.at = "correct"
           /\ totals' = [f \in Folders |->
                LET by == recount.rows[f] - recount.before[f].sum IN
                IF by = 0 \/ (totals[f].changes # recount.before[f].changes /\ With("only folders at rest")) THEN totals[f]
                ELSE [sum |-> totals[f].sum + by, changes |-> totals[f].changes + 1]]
           /\ recount' = Resting
           /\ UNCHANGED <<stream, ended, rows, checkpoint, acknowledged, invocation>>

Init == /\ stream = [s \in Shards |-> <<>>] /\ ended = FALSE /\ rows = [f \in Folders |-> 0]
        /\ checkpoint = [s \in Shards |-> 0] /\ totals = [f \in Folders |-> [sum |-> 0, changes |-> 0]]
        /\ acknowledged = [s \in Shards |-> 0] /\ invocation = [p \in Invocations |-> Idle] /\ recount = Resting

Next == \/ Change \/ Split \/ Invoke \/ Count \/ Add \/ Acknowledge \/ Crash \/ Discard
        \/ RecountBegin \/ RecountRows \/ RecountWait \/ Correct

Spec == Init /\ [][Next]_vars

=============================================================================
