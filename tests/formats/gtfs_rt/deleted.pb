

2.0 ´€Ø,
new*%**S108R

Lift out of orderen
old