use strict;
use warnings;
use Encode qw(decode FB_CROAK);
use JSON::PP;

# Counts the words of its inputs. Written from docs/adapters.md alone.
sub slurp { my ($handle) = @_; local $/; return scalar <$handle> }

sub answer { print encode_json($_[0]); exit 0 }

my $task = decode_json(slurp(\*STDIN));
sleep 1 while $task->{config}{forever};

my %count;
for my $input (@{ $task->{inputs} }) {
    open(my $file, '<:raw', $input->{path}) or die "$input->{path}: $!";
    my $text = eval { decode('UTF-8', slurp($file), FB_CROAK) };
    answer({ status => 'failed', code => 'STAGE_INPUT_INVALID', detail => "$input->{ref} is not UTF-8" })
        unless defined $text;
    $count{ lc $_ }++ for grep { length >= ($task->{config}{shortest} // 1) } $text =~ /\w+/g;
}

open(my $out, '>:raw', "$task->{output_dir}/words.json") or die "words.json: $!";
print $out encode_json({ kind => 'word-count', words => \%count });
close($out) or die "words.json: $!";
print STDERR scalar(keys %count), " different words\n";
answer({
    status  => 'ok',
    outputs => [ { kind => 'word-count', media_type => 'application/json', path => 'words.json' } ],
    metrics => { words => scalar(keys %count) },
});
