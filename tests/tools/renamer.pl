#!/usr/bin/perl
# renamer.pl DIR SECONDS: what mbsync and other readers do to the names of
# mail files, without a pause: ",U=n" comes, changes and goes, and the letters
# S and R.  F is never touched.  Prints how many renames were done.
use strict;
use warnings;
use Time::HiRes qw(time sleep);

my ($dir, $seconds) = @ARGV;
my ($end, $n) = (time + $seconds, 0);
while (time < $end) {
	opendir(my $d, "$dir/cur") or die "$dir/cur: $!\n";
	for my $name (grep { !/^\./ } readdir $d) {
		my ($base, $flags) = $name =~ /^(.*):2,([A-Za-z]*)$/ or next;
		$base =~ s/,U=\d+//;
		$base .= ',U=' . int rand 1000 if rand() < 0.7;
		my %f = map { $_ => 1 } split //, $flags;
		for my $letter (qw(S R)) {
			rand() < 0.5 ? $f{$letter} = 1 : delete $f{$letter};
		}
		my $to = "$base:2," . join '', sort keys %f;
		$n++ if rename "$dir/cur/$name", "$dir/cur/$to";
	}
	closedir $d;
	sleep 0.001 * rand 4;
}
print "$n\n";
