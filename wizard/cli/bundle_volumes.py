"""`bundle split` and `bundle join`."""

import argparse
import sys


def split(args: argparse.Namespace) -> int:
    """Cut a bundle into volumes."""
    from wizard.bundle.archive.claimed import claimed
    from wizard.bundle.handover import travel
    from wizard.bundle.volumes.sizes import parse_size
    from wizard.bundle.volumes.split import split as cut
    from wizard.cli.bundle_signing import certificates, private_key
    from wizard.cli.mirror import obeying_signals
    from wizard.cli.talk import Talk
    from wizard.engine.events import Move
    from wizard.engine.stop import Stop
    from wizard.oci.progress import Progress

    most = parse_size(args.size)
    _, shape = claimed(args.file)
    if args.dry_run:
        count = -(-(shape.size - shape.head) // most)
        sys.stdout.write(f"would write a head and {count} volumes to {args.to}, {shape.size} bytes\n")
        return 0
    key, chain = private_key(args), certificates(args.certificate)
    stop = Stop()
    with Talk(sys.stderr, quiet=args.quiet) as talk, obeying_signals(stop):
        progress = Progress(talk, args.file.name, total=shape.size, stop=stop, target=str(args.to))
        index = cut(args.file, most, args.to, key, progress, authority=args.authority, certificates=chain)
        progress.end(Move.COPIED)
    stem = index.volumes[0].name.rpartition(".")[0]
    along = travel(args.file, args.to / f"{stem}.volumes")
    for volume in index.volumes:
        sys.stdout.write(f"{args.to / volume.name}  {volume.size}  {volume.digest}\n")
    also = " (and its .custody, the chain of custody)" if along is not None else ""
    sys.stderr.write(f"copy {index.volumes[0].name} and the .volumes file{also} onto every medium\n")
    return 0


def join(args: argparse.Namespace) -> int:
    """Put the volumes together."""
    from wizard.bundle.archive.anywhere import located, open_volumes
    from wizard.bundle.volumes.split import join as paste
    from wizard.cli.bundle_signing import asking, policy_of
    from wizard.cli.mirror import obeying_signals
    from wizard.cli.talk import Talk
    from wizard.engine.events import Move
    from wizard.engine.stop import Stop
    from wizard.oci.progress import Progress

    stop = Stop()
    with Talk(sys.stderr, quiet=args.quiet) as talk, obeying_signals(stop):
        ask = asking(args, stop, talk.say)
        medium = open_volumes(located(args.file), policy_of(args), media=args.media, ask=ask)
        try:
            if not args.dry_run:
                progress = Progress(
                    talk, args.output.name, total=medium.size, stop=stop, target=str(args.output)
                )
                paste(medium, args.output, progress)
                progress.end(Move.COPIED)
        finally:
            medium.close()
    word = "would write" if args.dry_run else "wrote"
    sys.stdout.write(f"{word} {args.output}: {medium.index.title}, {medium.size} bytes\n")
    return 0
